import assert from "node:assert/strict";
import { type ErrorCode, isStorageError, type StorageError } from "../../errors.ts";

/** Expects a StorageError with one of the codes that says everything an error has to say, and nothing that is secret. */
export async function expectError(
  attempt: () => Promise<unknown>,
  codes: ErrorCode | readonly ErrorCode[],
  provider?: string,
): Promise<StorageError> {
  const expected: readonly ErrorCode[] = typeof codes === "string" ? [codes] : codes;
  let caught: unknown;
  try {
    await attempt();
  } catch (error) {
    caught = error;
  }
  assert.ok(caught !== undefined, `expected ${expected.join(" or ")}, got success`);
  assert.ok(isStorageError(caught), `expected a StorageError, got ${String(caught)}`);
  assert.ok(expected.includes(caught.code), `expected ${expected.join(" or ")}, got ${caught.code}: ${caught.message}`);
  assert.ok(caught.operation.length > 0, "an error names its operation");
  assert.match(caught.hint, /^[A-Z].*[.?!]$/su, "a hint is a sentence that says what to do next");
  assert.ok(caught.detail.length > 0 && !caught.detail.endsWith("."), "a detail is part of a sentence");
  if (provider !== undefined) {
    assert.equal(caught.provider, provider, "an error names its provider");
    assert.ok((caught.target ?? "").length > 0, "an error names its target");
    assert.doesNotMatch(caught.message, /[?&](?:x-amz-|x-goog-|sig=|se=|token=)/i, "an error shows no signed query");
  }
  return caught;
}
