import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffDelay } from "../../src/kubernetes/backoff.ts";

test("pauses double up to their cap, are half random, and obey the server", () => {
  assert.equal(
    backoffDelay(1, () => 0),
    400,
  );
  assert.equal(
    backoffDelay(3, () => 0),
    1600,
  );
  assert.ok(backoffDelay(1, () => 0.5, 7000) >= 7000);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const delay = backoffDelay(failures, () => random);
        assert.ok(delay >= 400 && delay <= 30_000);
      },
    ),
  );
});
