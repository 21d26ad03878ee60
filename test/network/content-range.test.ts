import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseContentRange } from "../../src/network/content-range.ts";

test("every form of RFC 9110", () => {
  assert.deepEqual(parseContentRange("bytes 0-9/10"), { range: { start: 0, end: 10 }, total: 10 });
  assert.deepEqual(parseContentRange("BYTES 5-5/*"), { range: { start: 5, end: 6 }, total: undefined });
  assert.deepEqual(parseContentRange("bytes */10"), { range: undefined, total: 10 });
});

test("nonsense is nothing", () => {
  for (const text of [
    "",
    "bytes",
    "bytes */*",
    "bytes 9-0/10",
    "bytes 0-10/10",
    "bytes -1-5/10",
    "bytes 0-9/10, bytes 0-9/10",
    "items 0-9/10",
    "bytes 0 - 9/10",
    "bytes 0-9",
    "bytes 0-99999999999999999999/*",
    "bytes 1e3-2e3/9999",
  ]) {
    assert.equal(parseContentRange(text), undefined, text);
  }
});

test("ranges are read back", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(2 ** 31), (start, length, more) => {
      const end = start + length;
      assert.deepEqual(parseContentRange(`bytes ${start}-${end - 1}/${end + more}`), {
        range: { start, end },
        total: end + more,
      });
    }),
  );
});
