import { type ErrorCode, StorageError } from "../../../errors.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";

/** An error about a web address, its query left out. Permanent: what may heal comes from the HTTP client. */
export function httpError(code: ErrorCode, operation: string, uri: ObjectUri, detail: string, hint: string) {
  const target = describeUri(uri);
  return new StorageError({ code, retry: "permanent", operation, provider: "http", target, detail, hint });
}
