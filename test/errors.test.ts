import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodes, isStorageError, StorageError, toStorageError } from "../src/errors.ts";

test("the message names operation, target, what happened, attempts and what to do next", () => {
  const error = new StorageError({
    code: "unavailable",
    operation: "list",
    target: "s3://bucket/llama",
    detail: "the service answered 503",
    attempts: 3,
    hint: "Try again later.",
  });
  assert.equal(error.message, "list s3://bucket/llama: the service answered 503 after 3 attempts. Try again later.");
  assert.equal(error.retry, "temporary");
  assert.equal(error.with({ retry: "exhausted" }).retry, "exhausted");
  assert.ok(isStorageError(error));
  assert.ok(!isStorageError(new Error("no")));
});

test("an abort becomes cancelled, a time limit becomes timeout, the unknown becomes internal", () => {
  assert.equal(toStorageError(new DOMException("x", "AbortError"), "read").code, "cancelled");
  assert.equal(toStorageError(new DOMException("x", "TimeoutError"), "read").code, "timeout");
  assert.equal(toStorageError("boom", "read").code, "internal");
});

test("fields survive a structured clone", () => {
  const error = new StorageError({
    code: "stalled",
    operation: "read",
    detail: "d",
    hint: "h.",
    cause: new Error("c"),
  });
  const copy = new StorageError(structuredClone(error.fields()));
  assert.equal(copy.message, error.message);
  assert.equal(copy.cause, "Error: c");
});

test("every code has an exit code that is a valid process status", () => {
  for (const status of Object.values(exitCodes)) assert.ok(status > 0 && status < 256);
});
