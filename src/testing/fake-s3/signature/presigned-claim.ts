import { accessDenied, S3Failure } from "../s3-failure.ts";
import type { S3Request } from "../s3-request.ts";
import { type CredentialScope, parseDateTime, parseScope, signatureAlgorithm } from "./canonical-request.ts";

/** What the query of a presigned URL claims. */
export interface PresignedClaim {
  readonly scope: CredentialScope;
  readonly dateTime: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  readonly payload: string;
  /** Query without the signature: what was signed. */
  readonly query: S3Request["query"];
}

const maxSkew = 15 * 60_000;
const maxExpiresSeconds = 7 * 24 * 3600;

const parameterError = (message: string): S3Failure => new S3Failure(400, "AuthorizationQueryParametersError", message);

/** Reads the claim and checks its times; throws what S3 answers to a claim that is incomplete, expired or from the future. */
export function readPresignedClaim(request: S3Request, now: number): PresignedClaim {
  const { parameters } = request;
  const required = ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"];
  const values = new Map(required.map((name) => [name, parameters.get(`X-Amz-${name}`)]));
  if ([...values.values()].some((value) => value === undefined)) {
    throw parameterError(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  }
  const value = (name: string): string => values.get(name) ?? "";
  if (value("Algorithm") !== signatureAlgorithm) {
    throw parameterError(`X-Amz-Algorithm only supports "${signatureAlgorithm}"`);
  }
  const scope = parseScope(value("Credential"));
  if (scope === undefined || scope.service !== "s3") {
    throw parameterError("Error parsing the X-Amz-Credential parameter; the Credential is mal-formed.");
  }
  const dateTime = value("Date");
  checkTimes(dateTime, value("Expires"), now);
  return {
    scope,
    dateTime,
    signedHeaders: value("SignedHeaders").split(";"),
    signature: value("Signature"),
    sessionToken: parameters.get("X-Amz-Security-Token"),
    payload: request.headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD",
    query: request.query.filter(([name]) => name !== "X-Amz-Signature"),
  };
}

function checkTimes(dateTime: string, expires: string, now: number): void {
  const time = parseDateTime(dateTime);
  if (time === undefined) {
    throw parameterError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  const seconds = Number(expires);
  if (!/^\d+$/.test(expires)) throw parameterError("X-Amz-Expires should be a number");
  if (seconds > maxExpiresSeconds) {
    throw parameterError(
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    );
  }
  if (time - now > maxSkew) throw accessDenied("Request is not yet valid");
  const expiresAt = time + seconds * 1000;
  if (now > expiresAt) {
    throw accessDenied("Request has expired", {
      "X-Amz-Expires": expires,
      Expires: new Date(expiresAt).toISOString().replace(/\.\d+/, ""),
      ServerTime: new Date(now).toISOString().replace(/\.\d+/, ""),
    });
  }
}
