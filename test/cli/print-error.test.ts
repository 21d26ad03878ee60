import assert from "node:assert/strict";
import { test } from "node:test";
import { describeError } from "../../src/cli/print-error.ts";
import { StorageError } from "../../src/errors.ts";

const error = new StorageError({
  code: "not_found",
  operation: "list",
  target: "s3://bucket/llama\u001b[2J",
  provider: "s3",
  httpStatus: 404,
  serviceCode: "NoSuchBucket",
  detail: "the bucket does not exist",
  hint: "Check the bucket's name and region.",
  cause: new Error("secret of the inside"),
});

test("an error says what, where and what to do, and obeys no escape sequence of a key", () => {
  assert.equal(
    describeError(error, { format: "human", color: false, stack: false }),
    [
      "error: the bucket does not exist",
      "  where: list s3://bucket/llama\\u{1b}[2J (s3, HTTP 404, NoSuchBucket)",
      "  hint:  Check the bucket's name and region.",
      "",
    ].join("\n"),
  );
});

test("as JSON it is one object on one line, with the exit code and without cause or stack", () => {
  const text = describeError(error, { format: "json", color: true, stack: false });
  assert.equal(text.indexOf("\n"), text.length - 1);
  const parsed = JSON.parse(text);
  assert.equal(parsed.error.code, "not_found");
  assert.equal(parsed.error.exitCode, 4);
  assert.equal(parsed.error.cause, undefined);
  assert.equal(parsed.error.stack, undefined);
});

test("the stack is there on request only", () => {
  assert.match(describeError(error, { format: "human", color: false, stack: true }), /print-error\.test/);
});
