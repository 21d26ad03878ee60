import { createHash } from "node:crypto";
import type { RangeDigests } from "../../storage/digest.ts";
import type { Crc } from "../digest/running-crc.ts";
import { ReadFailureError } from "../http/read-failure.ts";
import type { ByteRange } from "../plan/range-set.ts";

/**
 * Proves the units of a part by the digests that came with their answers, before anybody hears of them: a unit that does not match is
 * neither reported nor noted, and read again. Takes the place of the part's running CRC, whose value is the digest itself
 * where the algorithms are the same.
 */
export class RangeProof implements Crc {
  /** False when the piece that was taken last is the beginning of a range only. */
  proven = true;
  readonly #crc: Crc;
  readonly #digest: Crc | undefined;
  readonly #rangeSize: number;
  readonly #size: number;
  /** By the start of their range. */
  readonly #expected = new Map<number, string>();
  #start: number;
  #bytes = 0;

  /** `start` of the part, which is that of a range, and `size` of the object, in bytes. */
  constructor(
    crc: Crc,
    { algorithm, rangeSize }: RangeDigests,
    part: { readonly start: number; readonly size: number },
  ) {
    this.#crc = crc;
    this.#digest = algorithm === "md5" ? runningMd5() : undefined;
    this.#rangeSize = rangeSize;
    this.#size = part.size;
    this.#start = part.start;
  }

  /** The range that an offset lies in: what has to be asked for to get its digest. */
  rangeAt(offset: number): ByteRange {
    const start = offset - (offset % this.#rangeSize);
    return { start, end: Math.min(this.#size, start + this.#rangeSize) };
  }

  /** An answer says what the digest of the range from `start` on is, in lower-case hexadecimal. */
  expect(start: number, value: string): void {
    this.#expected.set(start, value);
  }

  update(bytes: Uint8Array): void {
    this.#crc.update(bytes);
    this.#digest?.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Throws {@link ReadFailureError} for a range whose bytes are not those that the server meant. */
  take(): string {
    const crc = this.#crc.take();
    const digest = this.#digest?.take() ?? crc;
    const { start, end } = this.rangeAt(this.#start);
    this.proven = this.#start === start && this.#bytes === end - start;
    this.#bytes = 0;
    if (!this.proven) return crc;
    const expected = this.#expected.get(start);
    this.#expected.delete(start);
    if (expected === undefined || expected !== digest) {
      const detail = `bytes ${start} to ${end} are not those whose digest the server told`;
      throw new ReadFailureError({ kind: "digest", detail });
    }
    this.#start = end;
    return crc;
  }
}

function runningMd5(): Crc {
  let hash = createHash("md5");
  return {
    update: (bytes) => void hash.update(bytes),
    take: () => {
      const value = hash.digest("hex");
      hash = createHash("md5");
      return value;
    },
  };
}
