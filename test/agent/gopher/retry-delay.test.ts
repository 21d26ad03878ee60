import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { retryDelay } from "../../../src/agent/gopher/retry-delay.ts";

const advice = fc.constantFrom("temporary", "exhausted", "permanent");

test("the delay doubles from 2 s up to 5 min, half of it random", () => {
  const largest = (failures: number): number => retryDelay(failures, "temporary", () => 1 - Number.EPSILON);
  const smallest = (failures: number): number => retryDelay(failures, "temporary", () => 0);
  assert.deepEqual(
    [1, 2, 3, 4, 8, 9, 100].map(largest),
    [2, 4, 8, 16, 256, 300, 300].map((s) => s * 1000),
  );
  assert.deepEqual(
    [1, 2, 100].map(smallest),
    [1, 2, 150].map((s) => s * 1000),
  );
});

test("what somebody has to repair first is tried less often", () => {
  assert.equal(
    retryDelay(1, "permanent", () => 0),
    15_000,
  );
  assert.equal(
    retryDelay(50, "permanent", () => 1 - Number.EPSILON),
    1_800_000,
  );
});

test("it never falls with more failures, never ends, and keeps a longer wait that was asked for", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      advice,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, kind, r) => {
        const delay = retryDelay(n, kind, () => r);
        assert.ok(Number.isSafeInteger(delay) && delay > 0 && delay <= 1_800_000);
        assert.ok(retryDelay(n + 1, kind, () => r) >= delay);
        assert.equal(
          retryDelay(n, kind, () => r, 3_600_000),
          3_600_000,
        );
      },
    ),
  );
});
