import { type ErrorCode, isStorageError, StorageError } from "../../../errors.ts";
import { connectionError, isConnectionError } from "../../../network/connection-error.ts";
import { parseRetryAfter } from "../../../network/retry-after.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri } from "../../../uri/object-uri.ts";
import { abortError } from "../../cancellation.ts";
import { explainServiceCode } from "./service-codes.ts";
import { type S3Action, type S3Context, type ServiceFailure, serviceFailure } from "./service-failure.ts";

/** An error of a refused URI or setting, before anything was asked. */
export function s3Error(
  code: ErrorCode,
  context: { readonly operation: S3Action; readonly uri: ObjectUri },
  detail: string,
  hint: string,
): StorageError {
  const target = describeUri(context.uri);
  return new StorageError({ code, operation: context.operation, provider: "s3", target, detail, hint });
}

/** Turns whatever a request failed with into a {@link StorageError}. */
export function toS3Error(error: unknown, context: S3Context): StorageError {
  if (isStorageError(error)) {
    return error.provider === undefined ? error.with({ provider: "s3", target: describeUri(context.uri) }) : error;
  }
  const target = describeUri(context.uri);
  if (context.signal?.aborted === true) return abortError(context.signal, context.operation, target);
  const failure = serviceFailure(error);
  if (failure === undefined || (failure.status !== undefined && failure.status < 300 && !isServiceCode(failure.code))) {
    return withoutDocument(error, context, failure?.status);
  }
  const { code, retry, detail, hint } = explainServiceCode(failure, context);
  return new StorageError({
    code,
    retry,
    operation: context.operation,
    provider: "s3",
    target,
    httpStatus: failure.status,
    serviceCode: isServiceCode(failure.code) ? failure.code : undefined,
    requestId: failure.headers["x-amz-request-id"]?.split(",", 1)[0]?.slice(0, 200),
    retryAfterMs: parseRetryAfter(failure.headers["retry-after"], context.now),
    detail,
    hint,
    cause: plainCause(failure),
  });
}

/** The SDK's own exceptions repeat everything that the service said, session tokens included. */
function plainCause({ code, message }: ServiceFailure): Error {
  const cause = new Error(message.slice(0, 500));
  cause.name = code;
  return cause;
}

/** Names that the SDK makes up where the answer has no code of its own. */
function isServiceCode(name: string): boolean {
  return (
    /^[A-Z][A-Za-z]+$/.test(name) && !["Unknown", "UnknownError", "Error", "SyntaxError", "TypeError"].includes(name)
  );
}

/** No answer, or one that is not S3's: a failed connection, a page of a proxy, a server of another kind. */
function withoutDocument(error: unknown, context: S3Context, status: number | undefined): StorageError {
  const target = describeUri(context.uri);
  const { operation, host } = context;
  if (status === undefined && isConnectionError(error)) {
    return connectionError(error, { operation, target, provider: "s3", host });
  }
  const parsing =
    error instanceof SyntaxError || status !== undefined || /deserializ|pars(?:e|ing)|xml/i.test(String(error));
  if (!parsing) return connectionError(error, { operation, target, provider: "s3", host }).with({ provider: "s3" });
  return new StorageError({
    code: "protocol",
    retry: "permanent",
    operation,
    provider: "s3",
    target,
    httpStatus: status,
    detail: `the answer of ${host} is not one of S3`,
    hint: "Check the endpoint: it has to be the address of the S3 API, not of a console, a website or a proxy's page.",
    cause: error,
  });
}
