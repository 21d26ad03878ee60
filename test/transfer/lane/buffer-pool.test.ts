import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "../../../src/transfer/lane/buffer-pool.ts";

test("buffers become lean when many are out, and the pool says when it is exhausted but never fails", () => {
  const pool = new BufferPool({ size: 100, leanSize: 10, limit: 400 });
  const taken = Array.from({ length: 3 }, () => pool.take());
  assert.deepEqual(
    taken.map((buffer) => buffer.length),
    [100, 100, 100],
  );
  assert.equal(pool.take().length, 10);
  assert.ok(!pool.exhausted);
  for (let count = 0; count < 9; count++) pool.take();
  assert.ok(pool.exhausted);
  assert.equal(pool.take().length, 10);
  assert.equal(pool.take(50).length, 100, "one that has to hold more is never lean");
});

test("buffers are used again", () => {
  const pool = new BufferPool({ size: 100, leanSize: 10, limit: 400 });
  const buffer = pool.take();
  pool.give(buffer);
  assert.equal(pool.take(), buffer);
});
