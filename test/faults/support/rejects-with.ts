import assert from "node:assert/strict";
import { type ErrorCode, isStorageError, type StorageError } from "../../../src/errors.ts";

/** The storage error that the promise rejects with; fails when it resolves, or rejects with another code. */
export async function rejectsWith(promise: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<StorageError> {
  const error = await promise.then(
    () => assert.fail(`expected ${codes.join(" or ")}, but it succeeded`),
    (reason: unknown) => reason,
  );
  assert.ok(isStorageError(error), `not a storage error: ${String(error)}`);
  assert.ok(codes.includes(error.code), `expected ${codes.join(" or ")}, got ${error.code}: ${error.message}`);
  return error;
}
