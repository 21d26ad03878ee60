import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parameterText } from "../../../src/models/configuration/parameter-text.ts";

test("counts read as people write them", () => {
  const rows: readonly (readonly [number, string])[] = [
    [0, "0"],
    [999, "999"],
    [1000, "1K"],
    [1500, "1.5K"],
    [110e6, "110M"],
    [7e9, "7B"],
    [46.7e9, "46.7B"],
    [1.5e12, "1.5T"],
  ];
  for (const [count, text] of rows) assert.equal(parameterText(count), text);
});

test("ties go to the even digit, inexact decimals to their binary value", () => {
  assert.equal(parameterText(1_250_000_000), "1.2B");
  assert.equal(parameterText(1_750_000_000), "1.8B");
  assert.equal(parameterText(1_350_000_000), "1.4B");
  assert.equal(parameterText(1_005), "1.00K");
  assert.equal(parameterText(2_699_000_000), "2.70B");
  assert.equal(parameterText(1_125), "1.12K");
});

/** The same rounding over the exact value of the double, as a fraction of BigInts. */
function oracle(value: number, digits: number): string {
  const buffer = new DataView(new ArrayBuffer(8));
  buffer.setFloat64(0, value);
  const bits = buffer.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn) - 1075;
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  const numerator = mantissa * 10n ** BigInt(digits) * 2n ** BigInt(Math.max(exponent, 0));
  const denominator = 2n ** BigInt(Math.max(-exponent, 0));
  let quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient += 1n;
  const text = quotient.toString().padStart(digits + 1, "0");
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

test("rounding agrees with exact arithmetic for every count", () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: 1000, max: 999_999 }), fc.integer({ min: 1000, max: 2 ** 45 })), (count) => {
      const scale = count >= 1e12 ? 1e12 : count >= 1e9 ? 1e9 : count >= 1e6 ? 1e6 : 1e3;
      const value = count / scale;
      if (Number.isInteger(value)) return;
      const digits = Number.isInteger(value * 100) ? 1 : 2;
      assert.equal(parameterText(count).slice(0, -1), oracle(value, digits));
    }),
    { numRuns: 2000 },
  );
});
