import assert from "node:assert/strict";
import { test } from "node:test";
import { PartSizeExperience } from "../../../src/transfer/engine/part-size-experience.ts";

test("what matched once is tried first, where it is a candidate at all", () => {
  const experience = new PartSizeExperience();
  assert.deepEqual(experience.choose([5, 8, 16]), [5, 8, 16]);
  experience.matched(16);
  experience.matched(7);
  assert.deepEqual(experience.choose([5, 8, 16]), [16, 5, 8]);
});

test("two files whose digest no part size gives are enough, unless another one was proven", () => {
  const experience = new PartSizeExperience();
  experience.failed();
  assert.deepEqual(experience.choose([5, 8]), [5, 8]);
  experience.failed();
  assert.deepEqual(experience.choose([5, 8]), []);
  experience.matched(8);
  assert.deepEqual(experience.choose([5, 8]), [8, 5]);
});
