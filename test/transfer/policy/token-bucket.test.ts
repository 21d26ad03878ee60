import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "../../../src/transfer/policy/token-bucket.ts";

test("over any stretch of time no more is let through than the rate and one burst", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 300 })), { maxLength: 50 }),
      (capacity, rate, steps) => {
        const bucket = new TokenBucket(capacity, rate, 0);
        let now = 0;
        let taken = 0;
        for (const [pause, count] of steps) {
          now += pause;
          now += bucket.debtMs(now);
          taken += count;
          const debtMs = bucket.take(count, now);
          assert.ok(taken <= capacity + (rate * (now + debtMs)) / 1000 + 1e-6);
        }
      },
    ),
  );
});

test("another rate comes with no tokens and forgives no debt", () => {
  const bucket = new TokenBucket(100, 100, 0);
  assert.equal(bucket.take(200, 0), 1000);
  for (let now = 0; now < 500; now += 10) bucket.resize(now % 20 === 0 ? 100 : 90, 100, now);
  assert.equal(bucket.debtMs(500), 500);
  bucket.resize(100, 200, 500);
  assert.equal(bucket.debtMs(500), 250);
});

test("what is not there cannot be had, and what is given back is no more than fits", () => {
  const bucket = new TokenBucket(2, 0, 0);
  assert.ok(bucket.tryTake(2, 0));
  assert.ok(!bucket.tryTake(1, 1_000_000));
  bucket.add(10);
  assert.ok(bucket.tryTake(2, 1_000_000));
  assert.equal(bucket.take(1, 1_000_000), Number.POSITIVE_INFINITY);
});
