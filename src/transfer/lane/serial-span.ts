import type { Hash } from "node:crypto";
import { createSerialHash, type SerialAlgorithm } from "../digest/serial-hash.ts";
import type { SpanSpec } from "./lane-messages.ts";

interface Held {
  readonly buffer: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Serial digests over one stretch of a file. Bytes may come out of order: what lies ahead of the frontier is held, in the
 * buffers it came in, until the bytes before it are there.
 */
export class SerialSpan {
  readonly spec: SpanSpec;
  readonly #hashes: (readonly [SerialAlgorithm, Hash])[];
  readonly #held = new Map<number, Held>();
  readonly #giveBack: (buffer: Uint8Array) => void;
  #frontier: number;

  /** `giveBack` receives every buffer that was held, once it is not needed any more. */
  constructor(spec: SpanSpec, giveBack: (buffer: Uint8Array) => void) {
    this.spec = spec;
    this.#frontier = spec.start;
    this.#giveBack = giveBack;
    this.#hashes = spec.algorithms.map((algorithm) => [algorithm, createSerialHash(algorithm, spec.end - spec.start)]);
  }

  /** Everything before this offset is in the digest. */
  get frontier(): number {
    return this.#frontier;
  }

  get complete(): boolean {
    return this.#frontier === this.spec.end;
  }

  /** Takes `buffer[from, to)`, which lies at `position` of the file. True when the buffer is held and must not be reused. */
  accept(position: number, buffer: Uint8Array, from: number, to: number): boolean {
    if (position !== this.#frontier) {
      this.#held.set(position, { buffer, from, to });
      return true;
    }
    this.#update(buffer, from, to);
    for (let next = this.#held.get(this.#frontier); next !== undefined; next = this.#held.get(this.#frontier)) {
      this.#held.delete(this.#frontier);
      this.#update(next.buffer, next.from, next.to);
      this.#giveBack(next.buffer);
    }
    return false;
  }

  #update(buffer: Uint8Array, from: number, to: number): void {
    const bytes = buffer.subarray(from, to);
    for (const [, hash] of this.#hashes) hash.update(bytes);
    this.#frontier += to - from;
  }

  /** The digests in lower-case hexadecimal. Only once, when {@link SerialSpan.complete}. */
  values(): Partial<Record<SerialAlgorithm, string>> {
    return Object.fromEntries(this.#hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")]));
  }

  /** Gives every held buffer back. */
  release(): void {
    for (const { buffer } of this.#held.values()) this.#giveBack(buffer);
    this.#held.clear();
  }
}
