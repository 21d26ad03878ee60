import type { UnitDigests } from "../transfer-types.ts";

/** The CRCs of which the value of a whole follows from the values of its pieces. */
export type CrcAlgorithm = UnitDigests["algorithm"];

const polynomials32 = { crc32: 0xedb88320, crc32c: 0x82f63b78 } as const;
const polynomial64: Word64 = [0x9a6c9329, 0xac4bc9b5];

/** High and low 32 bits, both unsigned. */
type Word64 = readonly [number, number];

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

function multiply64(a: Word64, b: Word64): Word64 {
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
      factorHigh ^= polynomial64[0];
      factorLow ^= polynomial64[1];
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

function combine32(polynomial: number, first: string, second: string, secondLength: number): string {
  const multiply = (a: number, b: number): number => multiply32(polynomial, a, b);
  const shift = power(secondLength, 0x80000000, 0x00800000, multiply);
  return hex32(multiply(shift, Number.parseInt(first, 16)) ^ Number.parseInt(second, 16));
}

function combine64(first: string, second: string, secondLength: number): string {
  const word = (text: string): Word64 => [Number.parseInt(text.slice(0, 8), 16), Number.parseInt(text.slice(8), 16)];
  const shift = power<Word64>(secondLength, [0x80000000, 0], [0x00800000, 0], multiply64);
  const [high, low] = multiply64(shift, word(first));
  const tail = word(second);
  return hex32(high ^ tail[0]) + hex32(low ^ tail[1]);
}

/** CRC of no bytes at all, in lower-case hexadecimal. */
export function emptyCrc(algorithm: CrcAlgorithm): string {
  return algorithm === "crc64nvme" ? "0000000000000000" : "00000000";
}

/**
 * CRC of two adjacent pieces from the CRC of each, in O(log length) steps.
 * Values are lower-case hexadecimal, most significant byte first; `secondLength` is in bytes.
 */
export function combineCrc(algorithm: CrcAlgorithm, first: string, second: string, secondLength: number): string {
  return algorithm === "crc64nvme"
    ? combine64(first, second, secondLength)
    : combine32(polynomials32[algorithm], first, second, secondLength);
}
