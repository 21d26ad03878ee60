import assert from "node:assert/strict";
import { test } from "node:test";
import { lanesPerModel, memoryLimit } from "../../src/agent/lanes-per-model.ts";

const mebibyte = 1024 * 1024;

test("a pod of 512 MiB on a node of many processors takes few lanes, one of many gigabytes all of them", () => {
  assert.equal(lanesPerModel(512 * mebibyte, 2, 16), 6);
  assert.equal(lanesPerModel(512 * mebibyte, 5, 16), 2);
  assert.equal(lanesPerModel(4096 * mebibyte, 2, 16), 16);
});

test("there is always one lane, and never more than the processors are worth", () => {
  assert.equal(lanesPerModel(64 * mebibyte, 8, 16), 1);
  assert.equal(lanesPerModel(4096 * mebibyte, 2, 1), 1);
});

test("the memory of this process has a limit that is one", () => {
  assert.ok(memoryLimit() > 64 * mebibyte && Number.isSafeInteger(memoryLimit()));
});
