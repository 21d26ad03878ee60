/** A half-open stretch of bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Disjoint ranges in ascending order: what of a file is still to be read. */
export class RangeSet {
  #ranges: ByteRange[] = [];

  constructor(ranges: readonly ByteRange[] = []) {
    for (const range of ranges) this.add(range);
  }

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Bytes in all ranges. */
  get bytes(): number {
    return this.#ranges.reduce((sum, range) => sum + range.end - range.start, 0);
  }

  get first(): ByteRange | undefined {
    return this.#ranges[0];
  }

  ranges(): readonly ByteRange[] {
    return this.#ranges;
  }

  /** Whether all of `range` is in the set. */
  covers(range: ByteRange): boolean {
    return this.#ranges.some(({ start, end }) => start <= range.start && range.end <= end);
  }

  /** The parts of the set that lie within `range`. */
  within(range: ByteRange): readonly ByteRange[] {
    return this.#ranges
      .map(({ start, end }) => ({ start: Math.max(start, range.start), end: Math.min(end, range.end) }))
      .filter(({ start, end }) => end > start);
  }

  /** Adds a range and joins it with those it touches. */
  add(range: ByteRange): void {
    if (range.end <= range.start) return;
    let { start, end } = range;
    const rest: ByteRange[] = [];
    for (const known of this.#ranges) {
      if (known.end < start || known.start > end) rest.push(known);
      else {
        start = Math.min(start, known.start);
        end = Math.max(end, known.end);
      }
    }
    rest.push({ start, end });
    this.#ranges = rest.sort((a, b) => a.start - b.start);
  }

  remove(range: ByteRange): void {
    if (range.end <= range.start) return;
    this.#ranges = this.#ranges.flatMap((known) => {
      if (known.end <= range.start || known.start >= range.end) return [known];
      const before = { start: known.start, end: range.start };
      const after = { start: range.end, end: known.end };
      return [before, after].filter((part) => part.end > part.start);
    });
  }
}
