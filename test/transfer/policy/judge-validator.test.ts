import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeValidator } from "../../../src/transfer/policy/judge-validator.ts";

const a = '"a"';
const modified = "last-modified Tue, 01 Jul 2025 10:00:00 GMT";

test("answers without validators are taken for one version as long as none has one", () => {
  assert.equal(judgeValidator({ validator: undefined, anonymous: false }, undefined), "same");
  assert.equal(judgeValidator({ validator: undefined, anonymous: true }, undefined), "same");
  assert.equal(judgeValidator({ validator: undefined, anonymous: false }, a), "same");
  assert.equal(judgeValidator({ validator: undefined, anonymous: true }, a), "unknown");
});

test("the first validator has to come with every answer", () => {
  const known = { validator: a, anonymous: false };
  assert.equal(judgeValidator(known, a), "same");
  assert.equal(judgeValidator(known, '"b"'), "other");
  assert.equal(judgeValidator(known, undefined), "unknown");
});

test("an etag and a time cannot be compared", () => {
  assert.equal(judgeValidator({ validator: a, anonymous: false }, modified), "unknown");
  assert.equal(judgeValidator({ validator: modified, anonymous: false }, a), "unknown");
  assert.equal(judgeValidator({ validator: modified, anonymous: false }, `${modified}!`), "other");
});
