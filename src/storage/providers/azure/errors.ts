import { type ErrorCode, isStorageError, StorageError } from "../../../errors.ts";
import { connectionError, isConnectionError } from "../../../network/connection-error.ts";
import { parseRetryAfter } from "../../../network/retry-after.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";
import { abortError } from "../../cancellation.ts";
import { explainServiceCode } from "./service-codes.ts";
import { type AzureAction, type AzureContext, ServiceFailure } from "./service-failure.ts";

/** An error of a refused URI or setting, before anything was asked. */
export function azureError(
  code: ErrorCode,
  context: { readonly operation: AzureAction; readonly uri: ObjectUri },
  detail: string,
  hint: string,
): StorageError {
  const target = describeUri(context.uri);
  return new StorageError({ code, operation: context.operation, provider: "azure", target, detail, hint });
}

/** Turns whatever a request failed with into a {@link StorageError}. */
export function toAzureError(error: unknown, context: AzureContext): StorageError {
  const { operation, uri, signal, host, now, account } = context;
  const target = describeUri(uri);
  if (isStorageError(error)) return error.provider === undefined ? error.with({ provider: "azure", target }) : error;
  if (signal?.aborted === true) return abortError(signal, operation, target);
  if (error instanceof ServiceFailure && error.isService) {
    const { code, retry, detail, hint } = explainServiceCode(error, context);
    return new StorageError({
      code,
      retry,
      operation,
      provider: "azure",
      target,
      httpStatus: error.status,
      serviceCode: error.code,
      requestId: error.requestId,
      retryAfterMs: parseRetryAfter(error.headers["retry-after"], now),
      detail,
      hint,
    });
  }
  if (isConnectionError(error)) {
    const failure = connectionError(error, { operation, target, provider: "azure", host });
    if (!isUnknownName(error)) return failure;
    return failure.with({
      retry: "permanent",
      detail: `there is no storage account ${account}, or its name ${host} cannot be resolved here`,
      hint: "Check the account's name and its cloud (endpointSuffix), and this machine's DNS where the account is reached by a private endpoint only.",
    });
  }
  const status = error instanceof ServiceFailure ? error.status : undefined;
  const temporary = status !== undefined && (status === 429 || status >= 500);
  return new StorageError({
    code: temporary ? "unavailable" : "protocol",
    retry: temporary ? "temporary" : "permanent",
    operation,
    provider: "azure",
    target,
    httpStatus: status,
    detail: `the answer of ${host} is not one of Blob Storage${status === undefined ? "" : ` (${status})`}`,
    hint: "Check the endpoint, and proxies on the way.",
  });
}

function isUnknownName(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && at.code === "ENOTFOUND") return true;
  }
  return false;
}
