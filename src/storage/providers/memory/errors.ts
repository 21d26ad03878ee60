import { type ErrorCode, StorageError } from "../../../errors.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";

/** An error of the in-process store, in the shape that every provider's errors have. */
export function memoryError(code: ErrorCode, operation: string, uri: ObjectUri, detail: string, hint: string) {
  return new StorageError({ code, operation, provider: "memory", target: describeUri(uri), detail, hint });
}
