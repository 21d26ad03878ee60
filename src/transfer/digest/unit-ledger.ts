import { type CrcAlgorithm, CrcCombiner, emptyCrc } from "./crc-combine.ts";

interface Piece {
  readonly end: number;
  readonly crc: string;
}

/** Collects the CRCs of a file's pieces, in any order, and makes them those of its units, of its parts and of the whole. */
export class UnitLedger {
  readonly algorithm: CrcAlgorithm;
  readonly unitSize: number;
  readonly size: number;
  readonly #combiner: CrcCombiner;
  readonly #pieces = new Map<number, Piece>();
  readonly #units: (string | undefined)[];
  #missing: number;

  constructor(algorithm: CrcAlgorithm, unitSize: number, size: number) {
    this.algorithm = algorithm;
    this.unitSize = unitSize;
    this.#combiner = new CrcCombiner(algorithm);
    this.size = size;
    this.#missing = Math.ceil(size / unitSize);
    this.#units = new Array<string | undefined>(this.#missing);
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  unitRange(index: number): { readonly start: number; readonly end: number } {
    return { start: index * this.unitSize, end: Math.min(this.size, (index + 1) * this.unitSize) };
  }

  /** Adds a piece that lies within one unit. Returns the unit's index once the unit is whole. */
  add(start: number, end: number, crc: string): number | undefined {
    const index = Math.floor(start / this.unitSize);
    if (this.#units[index] !== undefined) return undefined;
    this.#pieces.set(start, { end, crc });
    const unit = this.unitRange(index);
    const value = this.#join(unit.start, unit.end);
    if (value === undefined) return undefined;
    this.#units[index] = value;
    this.#missing -= 1;
    return index;
  }

  unit(index: number): string | undefined {
    return this.#units[index];
  }

  /** Forgets a unit and its pieces, so that it is read again. */
  forget(index: number): void {
    if (this.#units[index] !== undefined) this.#missing += 1;
    this.#units[index] = undefined;
    const { start, end } = this.unitRange(index);
    for (const at of this.#pieces.keys()) if (at >= start && at < end) this.#pieces.delete(at);
  }

  /** CRC over `[start, end)` from the pieces that begin and end there; undefined when some are missing. */
  #join(start: number, end: number): string | undefined {
    let value: string | undefined;
    for (let at = start; at < end; ) {
      const piece = this.#pieces.get(at);
      if (piece === undefined || piece.end > end) return undefined;
      value = value === undefined ? piece.crc : this.#combiner.combine(value, piece.crc, piece.end - at);
      at = piece.end;
    }
    return value;
  }

  /** CRC of a stretch at whose ends CRCs were taken. */
  range(start: number, end: number): string | undefined {
    return this.#join(start, end);
  }

  values(): readonly string[] {
    return this.#units.map((value) => value ?? "");
  }

  /** CRC of the whole file. */
  whole(): string {
    return this.#join(0, this.size) ?? emptyCrc(this.algorithm);
  }
}
