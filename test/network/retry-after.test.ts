import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRetryAfter } from "../../src/network/retry-after.ts";

const now = Date.parse("2026-01-02T03:04:05Z");

test("seconds and dates become milliseconds, never negative ones", () => {
  assert.equal(parseRetryAfter("2", now), 2000);
  assert.equal(parseRetryAfter(" 0 ", now), 0);
  assert.equal(parseRetryAfter("0.5", now), 500);
  assert.equal(parseRetryAfter("Fri, 02 Jan 2026 03:04:15 GMT", now), 10_000);
  assert.equal(parseRetryAfter("Fri, 02 Jan 2026 03:04:00 GMT", now), 0);
});

test("anything else says nothing", () => {
  for (const text of [undefined, "", "soon", "-5", "2026-01-02", "1e9"])
    assert.equal(parseRetryAfter(text, now), undefined);
});
