import type { UnitDigests } from "../transfer-types.ts";

/** The CRCs of which the value of a whole follows from the values of its pieces. */
export type CrcAlgorithm = UnitDigests["algorithm"];

/** High and low 32 bits, both unsigned. A 32-bit CRC has a high half of 0. */
export type CrcWord = readonly [high: number, low: number];

const polynomials: Readonly<Record<CrcAlgorithm, CrcWord>> = {
  crc32: [0, 0xedb88320],
  crc32c: [0, 0x82f63b78],
  crc64nvme: [0x9a6c9329, 0xac4bc9b5],
};

/** The CRC's generator polynomial, bit-reflected. */
export function crcPolynomial(algorithm: CrcAlgorithm): CrcWord {
  return polynomials[algorithm];
}

/** Multiplies two polynomials modulo the CRC's own, both bit-reflected (the most significant bit is x^0). */
function multiply32(polynomial: number, a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if ((a >>> bit) & 1) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

function multiply64(a: CrcWord, b: CrcWord): CrcWord {
  const [polynomialHigh, polynomialLow] = polynomials.crc64nvme;
  let high = 0;
  let low = 0;
  let [factorHigh, factorLow] = b;
  for (let bit = 63; bit >= 0; bit -= 1) {
    const set = bit > 31 ? (a[0] >>> (bit - 32)) & 1 : (a[1] >>> bit) & 1;
    if (set) {
      high ^= factorHigh;
      low ^= factorLow;
    }
    const carry = factorLow & 1;
    factorLow = (factorLow >>> 1) | (factorHigh << 31);
    factorHigh >>>= 1;
    if (carry) {
      factorHigh ^= polynomialHigh;
      factorLow ^= polynomialLow;
    }
  }
  return [high >>> 0, low >>> 0];
}

/** `x^(8 * length)` by squaring; lengths up to 2^53. */
function power<T>(length: number, one: T, x8: T, multiply: (a: T, b: T) => T): T {
  let result = one;
  let square = x8;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** What {@link shiftCrc} multiplies with to pass over `length` bytes: `x^(8 * length)`. */
export function crcShift(algorithm: CrcAlgorithm, length: number): CrcWord {
  if (algorithm === "crc64nvme") return power<CrcWord>(length, [0x80000000, 0], [0x00800000, 0], multiply64);
  const [, polynomial] = polynomials[algorithm];
  return [0, power(length, 0x80000000, 0x00800000, (a, b) => multiply32(polynomial, a, b))];
}

/** The register of a CRC after as many zero bytes as `shift` stands for (and without the inversions at either end). */
export function shiftCrc(algorithm: CrcAlgorithm, register: CrcWord, shift: CrcWord): CrcWord {
  if (algorithm === "crc64nvme") return multiply64(shift, register);
  return [0, multiply32(polynomials[algorithm][1], shift[1], register[1])];
}

function wordOf(text: string): CrcWord {
  const padded = text.padStart(16, "0");
  return [Number.parseInt(padded.slice(0, 8), 16), Number.parseInt(padded.slice(8), 16)];
}

/** CRC of no bytes at all, in lower-case hexadecimal. */
export function emptyCrc(algorithm: CrcAlgorithm): string {
  return algorithm === "crc64nvme" ? "0000000000000000" : "00000000";
}

/** Lengths that a combiner remembers; a file has hardly more than two. */
const maxShifts = 16;

/** Makes CRCs of adjacent pieces those of the whole. Remembers what it takes to pass over pieces of the same length. */
export class CrcCombiner {
  readonly #algorithm: CrcAlgorithm;
  readonly #shifts = new Map<number, CrcWord>();

  constructor(algorithm: CrcAlgorithm) {
    this.#algorithm = algorithm;
  }

  /**
   * CRC of two adjacent pieces from the CRC of each, in O(log length) steps. Values are lower-case hexadecimal, most
   * significant byte first; `secondLength` is in bytes.
   */
  combine(first: string, second: string, secondLength: number): string {
    const [high, low] = shiftCrc(this.#algorithm, wordOf(first), this.#shift(secondLength));
    const tail = wordOf(second);
    const text = hex32(high ^ tail[0]) + hex32(low ^ tail[1]);
    return this.#algorithm === "crc64nvme" ? text : text.slice(8);
  }

  #shift(length: number): CrcWord {
    const known = this.#shifts.get(length);
    if (known !== undefined) return known;
    const shift = crcShift(this.#algorithm, length);
    if (this.#shifts.size < maxShifts) this.#shifts.set(length, shift);
    return shift;
  }
}
