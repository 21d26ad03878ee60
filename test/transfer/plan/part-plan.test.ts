import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nextPartEnd, type PartSituation, wholeFileLimit } from "../../../src/transfer/plan/part-plan.ts";

const mebibyte = 1024 * 1024;

function end(situation: Partial<PartSituation> & { readonly size: number }): number {
  return nextPartEnd({
    missing: { start: 0, end: situation.size },
    unitSize: 8 * mebibyte,
    unassigned: situation.size,
    connections: 8,
    spans: [],
    alone: false,
    ...situation,
  });
}

describe("how much one request asks for", () => {
  test("small files are read whole", () => {
    assert.equal(end({ size: wholeFileLimit - 1 }), wholeFileLimit - 1);
  });

  test("64 MiB of large files, 16 MiB of middling ones", () => {
    assert.equal(end({ size: 10_000 * mebibyte }), 64 * mebibyte);
    assert.equal(end({ size: 500 * mebibyte }), 16 * mebibyte);
  });

  test("less toward the end, so that all connections finish together, but whole units", () => {
    const missing = { start: 9_800 * mebibyte, end: 10_000 * mebibyte };
    assert.equal(end({ size: 10_000 * mebibyte, missing, unassigned: 200 * mebibyte }) - missing.start, 32 * mebibyte);
    assert.equal(end({ size: 10_000 * mebibyte, missing, unassigned: mebibyte }) - missing.start, 8 * mebibyte);
  });

  test("parts end on unit boundaries, or with the range", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: wholeFileLimit, max: 2 ** 40 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 256 }),
        (size, at, connections) => {
          const missing = { start: Math.floor(size * at), end: size };
          const result = end({ size, missing, connections, unassigned: size - missing.start });
          assert.ok(result > missing.start && result <= size);
          assert.ok(result === size || result % (8 * mebibyte) === 0);
          assert.ok(result - missing.start <= 72 * mebibyte);
        },
      ),
    );
  });
});

describe("parts under serial digests", () => {
  const size = 1000 * mebibyte;
  const whole = [{ start: 0, end: size }];

  test("are small where several connections share the file, because what comes early is held in memory", () => {
    assert.equal(end({ size, spans: whole }), 4 * mebibyte);
    assert.equal(end({ size, spans: whole, missing: { start: 5 * mebibyte, end: size } }), 8 * mebibyte);
  });

  test("are larger where every connection has a file of its own", () => {
    assert.equal(end({ size, spans: whole, alone: true }), 32 * mebibyte);
  });

  test("cover whole stretches where these are short", () => {
    const spans = Array.from({ length: 100 }, (_, index) => ({
      start: index * 10 * mebibyte,
      end: (index + 1) * 10 * mebibyte,
    }));
    assert.equal(end({ size, spans, unitSize: 5 * mebibyte }), 70 * mebibyte);
    const missing = { start: 13 * mebibyte, end: size };
    assert.equal(end({ size, spans: spans.slice(1), missing, unitSize: 5 * mebibyte }) % (10 * mebibyte), 0);
  });

  test("never go past what is missing", () => {
    const missing = { start: 0, end: 7 * mebibyte };
    assert.equal(end({ size, spans: [{ start: 0, end: 10 * mebibyte }], missing }), 7 * mebibyte);
  });
});
