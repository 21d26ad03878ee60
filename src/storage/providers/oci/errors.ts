import { type ErrorCode, isStorageError, StorageError } from "../../../errors.ts";
import { connectionError, isConnectionError } from "../../../network/connection-error.ts";
import { parseRetryAfter } from "../../../network/retry-after.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";
import { abortError } from "../../cancellation.ts";
import { explainServiceCode } from "./service-codes.ts";
import { type OciAction, type OciContext, ServiceFailure } from "./service-failure.ts";

/** An error of a refused URI or setting, before anything was asked. */
export function ociError(
  code: ErrorCode,
  context: { readonly operation: OciAction; readonly uri: ObjectUri },
  detail: string,
  hint: string,
): StorageError {
  const target = describeUri(context.uri);
  return new StorageError({ code, operation: context.operation, provider: "oci", target, detail, hint });
}

/** Turns whatever a request failed with into a {@link StorageError}. */
export function toOciError(error: unknown, context: OciContext): StorageError {
  const { operation, uri, signal, host, now } = context;
  const target = describeUri(uri);
  if (isStorageError(error)) {
    return error.provider === undefined ? error.with({ provider: "oci", target }) : error;
  }
  if (signal?.aborted === true) return abortError(signal, operation, target);
  if (error instanceof ServiceFailure && error.isService) {
    const { code, retry, detail, hint } = explainServiceCode(error, context);
    return new StorageError({
      code,
      retry,
      operation,
      provider: "oci",
      target,
      httpStatus: error.status,
      serviceCode: error.code,
      requestId: error.requestId,
      retryAfterMs: parseRetryAfter(error.headers["retry-after"], now),
      detail,
      hint,
    });
  }
  if (error instanceof ServiceFailure || error instanceof SyntaxError) {
    const status = error instanceof ServiceFailure ? error.status : undefined;
    const temporary = status !== undefined && (status === 429 || status >= 500);
    return new StorageError({
      code: temporary ? "unavailable" : "protocol",
      retry: temporary ? "temporary" : "permanent",
      operation,
      provider: "oci",
      target,
      httpStatus: status,
      detail: `the answer of ${host} is not one of OCI Object Storage${status === undefined ? "" : ` (${status})`}`,
      hint: "Check the endpoint, and proxies on the way.",
    });
  }
  const failure = connectionError(error, { operation, target, provider: "oci", host });
  return isConnectionError(error) ? failure : failure.with({ provider: "oci" });
}
