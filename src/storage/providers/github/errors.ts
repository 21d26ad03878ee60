import { type ErrorCode, StorageError } from "../../../errors.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";

/** An error about a release or one of its assets. Permanent: what may heal comes from the requests themselves. */
export function githubError(
  code: ErrorCode,
  operation: string,
  uri: ObjectUri,
  detail: string,
  hint: string,
): StorageError {
  const target = describeUri(uri);
  return new StorageError({ code, retry: "permanent", operation, provider: "github", target, detail, hint });
}
