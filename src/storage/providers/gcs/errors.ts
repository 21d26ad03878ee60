import { type ErrorCode, StorageError } from "../../../errors.ts";
import { parseRetryAfter } from "../../../network/retry-after.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";
import { explainServiceCode } from "./service-codes.ts";
import type { GcsAction, GcsContext, ServiceFailure } from "./service-failure.ts";

/** An error of a refused URI or setting, or of an answer that makes no sense. Permanent unless its code is temporary. */
export function gcsError(
  code: ErrorCode,
  context: { readonly operation: GcsAction; readonly uri: ObjectUri },
  detail: string,
  hint: string,
): StorageError {
  const target = describeUri(context.uri);
  return new StorageError({ code, operation: context.operation, provider: "gcs", target, detail, hint });
}

/** What a refusal of the service means. */
export function refusalError(failure: ServiceFailure, context: GcsContext): StorageError {
  const { code, retry, detail, hint } = explainServiceCode(failure, context);
  return new StorageError({
    code,
    retry,
    operation: context.operation,
    provider: "gcs",
    target: describeUri(context.uri),
    httpStatus: failure.status,
    serviceCode: failure.reason,
    requestId: failure.headers["x-guploader-uploadid"]?.slice(0, 200),
    retryAfterMs: parseRetryAfter(failure.headers["retry-after"], context.now),
    detail,
    hint,
  });
}
