import type { ErrorCode } from "../../errors.ts";
import type { ReadFailure } from "../http/read-failure.ts";

/** What an attempt's failure calls for. */
export type FailureClass =
  /** Once more, soon, on another connection. */
  | "transient"
  /** The service is overloaded: later, and everybody slower. */
  | "throttled"
  /** The signature or token is not good any more: locate again. */
  | "refused"
  /** Follow it. */
  | "redirect"
  /** The object is another version: the whole file anew, once. */
  | "changed"
  /** The server cannot do ranges: the whole file with one request. */
  | "unranged"
  /** The server does not tell the digests of ranges: the file anew, proven in another way. */
  | "undigested"
  /** No repetition helps. */
  | "permanent";

const throttleCodes: ReadonlySet<string> = new Set([
  "SlowDown",
  "ServerBusy",
  "TooManyRequests",
  "RequestLimitExceeded",
]);
/** With which S3 says by 400 that the keys have ended. */
const expiredCodes: ReadonlySet<string> = new Set(["ExpiredToken", "RequestExpired"]);
const transientStatuses: ReadonlySet<number> = new Set([408, 421, 425, 500, 502, 504]);

/** Decides by the kind of failure, the status and the service's code. */
export function classifyFailure(failure: ReadFailure): FailureClass {
  switch (failure.kind) {
    case "resolve":
    case "connect":
    case "connection":
    case "stalled":
    case "truncated":
    case "protocol":
    case "digest":
      return "transient";
    case "redirect":
      return "redirect";
    case "changed":
      return "changed";
    case "ignored-range":
      return "unranged";
    case "undigested":
      return "undigested";
    case "tls":
    case "no-space":
    case "disk":
      return "permanent";
    case "read":
      return failure.error?.retry === "temporary" ? "transient" : "permanent";
    case "status":
      return classifyStatus(failure.httpStatus ?? 0, failure.serviceCode);
  }
}

function classifyStatus(status: number, serviceCode: string | undefined): FailureClass {
  if (status === 429 || status === 503 || throttleCodes.has(serviceCode ?? "")) return "throttled";
  if (status === 401 || status === 403) return "refused";
  if (transientStatuses.has(status) || (status >= 500 && status !== 501 && status !== 505)) return "transient";
  if (status === 400 && serviceCode === "RequestTimeout") return "transient";
  if (status === 400 && expiredCodes.has(serviceCode ?? "")) return "refused";
  return "permanent";
}

/** The error code under which a failure is told when it is final. */
export function errorCodeOf(failure: ReadFailure): ErrorCode {
  switch (failure.kind) {
    case "status":
      return codeOfStatus(failure.httpStatus ?? 0, failure.serviceCode);
    case "resolve":
    case "connect":
    case "connection":
    case "tls":
      return "connection";
    case "stalled":
      return "stalled";
    case "truncated":
      return "truncated";
    case "changed":
      return "precondition_failed";
    case "digest":
      return "checksum_mismatch";
    case "no-space":
      return "no_space";
    case "disk":
    case "read":
      return failure.error?.code ?? "internal";
    case "protocol":
    case "redirect":
    case "ignored-range":
    case "undigested":
      return "protocol";
  }
}

function codeOfStatus(status: number, serviceCode: string | undefined): ErrorCode {
  if (status === 401 || (status === 400 && expiredCodes.has(serviceCode ?? ""))) return "unauthenticated";
  if (status === 403) return "permission_denied";
  if (status === 404 || status === 410) return "not_found";
  if (classifyStatus(status, serviceCode) === "throttled") return status === 503 ? "unavailable" : "rate_limited";
  if (status === 408) return "timeout";
  return status >= 500 ? "unavailable" : "protocol";
}
