import { type ErrorCode, isStorageError, type RetryAdvice, StorageError } from "../../errors.ts";
import { connectionError, isConnectionError } from "../../network/connection-error.ts";
import { createRedactor } from "../../telemetry/redactor.ts";
import { missingIdentity } from "../missing-identity.ts";

/** What was asked of AWS when it refused. */
export interface AwsAuthContext {
  /** Verb phrase: `assume role`. */
  readonly operation: string;
  /** The identity asked for: a role's ARN, `profile dev`. */
  readonly asked: string;
  /** Whose keys signed the request, as far as it is known; for messages that do not name the caller. */
  readonly caller?: string | undefined;
  readonly host: string;
  /** Values that must not appear, whatever the service repeats in its message. */
  readonly secrets: readonly (string | undefined)[];
}

interface Explanation {
  readonly code?: ErrorCode;
  readonly retry?: RetryAdvice;
  readonly detail: (context: AwsAuthContext, message: string) => string;
  readonly hint: string;
}

const clockHint = "Correct this machine's clock (NTP): AWS refuses signatures that are more than five minutes off.";

const accessDenied: Explanation = {
  detail: ({ asked, caller }, message) =>
    `${/User: (\S+) is not authorized/.exec(message)?.[1] ?? caller ?? "the caller"} may not become ${asked}`,
  hint: "The role's trust policy must name that caller (and the external id, if it asks for one), and the caller's own policy must allow sts:AssumeRole on the role.",
};

const webIdentityDenied: Explanation = {
  detail: ({ asked }) => `the service account's token is not accepted for ${asked}`,
  hint: "The role's trust policy must name the cluster's OIDC provider and this service account (sub) with audience sts.amazonaws.com.",
};

const expiredToken: Explanation = {
  detail: ({ asked }) => `the token or session presented for ${asked} has expired`,
  hint: "Check that the token file is still rotated by the kubelet and that this machine's clock is right; for keys with a session token, get new ones.",
};

const wrongSignature: Explanation = {
  detail: (_context, message) =>
    /expired|not yet current/i.test(message)
      ? "the request's signature is too old or too new"
      : "the secret access key does not belong to the access key id",
  hint: `Check both keys for missing characters. ${clockHint}`,
};

const unknownKey: Explanation = {
  detail: ({ caller }) => `AWS does not know the access key ${caller ?? "id"}`,
  hint: "Check that the key exists, is active, belongs to this partition (aws, aws-cn, aws-us-gov), and comes with its session token if it is temporary.",
};

const skewed: Explanation = { detail: () => "the request's time is too far from that of AWS", hint: clockHint };

const throttled: Explanation = {
  code: "rate_limited",
  retry: "temporary",
  detail: () => "AWS asks to slow down",
  hint: "It is tried again; spread the start of many nodes if it persists.",
};

/** Error codes of STS and SSO (https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html). */
const explanations: Readonly<Record<string, Explanation>> = {
  AccessDenied: accessDenied,
  AccessDeniedException: accessDenied,
  ExpiredToken: expiredToken,
  ExpiredTokenException: expiredToken,
  InvalidIdentityToken: {
    detail: ({ asked }) => `STS does not accept the service account's token for ${asked}`,
    hint: "Check that the cluster's OIDC provider exists in IAM, that the token's audience is sts.amazonaws.com, and that AWS_WEB_IDENTITY_TOKEN_FILE points to it.",
  },
  InvalidIdentityTokenException: {
    detail: ({ asked }) => `STS does not accept the service account's token for ${asked}`,
    hint: "Check that the cluster's OIDC provider exists in IAM, that the token's audience is sts.amazonaws.com, and that AWS_WEB_IDENTITY_TOKEN_FILE points to it.",
  },
  IDPRejectedClaim: webIdentityDenied,
  IDPRejectedClaimException: webIdentityDenied,
  InvalidClientTokenId: unknownKey,
  UnrecognizedClientException: unknownKey,
  SignatureDoesNotMatch: wrongSignature,
  IncompleteSignature: wrongSignature,
  RequestExpired: skewed,
  RequestTimeTooSkewed: skewed,
  RegionDisabledException: {
    detail: () => "STS is not enabled in this region for the account",
    hint: "Enable STS for the region in the account's settings, or set AWS_REGION to one where it is enabled.",
  },
  Throttling: throttled,
  ThrottlingException: throttled,
  RequestLimitExceeded: throttled,
  IDPCommunicationError: {
    code: "unavailable",
    retry: "temporary",
    detail: () => "STS cannot reach the cluster's OIDC provider",
    hint: "It is tried again; check that the issuer URL of the cluster is public.",
  },
};

/** Turns what STS, SSO or the SDK threw into a {@link StorageError} that says who was asked for and what to check. */
export function awsAuthError(error: unknown, context: AwsAuthContext): StorageError {
  if (isStorageError(error)) return error;
  const { operation, asked, host } = context;
  if (isConnectionError(error) || (error instanceof Error && error.name === "AbortError")) {
    return connectionError(error, { operation, target: asked, host, provider: "aws" });
  }
  const redactor = createRedactor(context.secrets.filter((secret) => secret !== undefined));
  const name = error instanceof Error ? error.name : "Error";
  const message = redactor.redact(error instanceof Error ? error.message : String(error));
  const status = statusOf(error);
  const known =
    name.startsWith("AccessDenied") && operation.includes("web identity") ? webIdentityDenied : explanations[name];
  const temporary = status >= 500 || status === 429;
  return new StorageError({
    code: known?.code ?? (temporary ? "unavailable" : "unauthenticated"),
    retry: known?.retry ?? (temporary ? "temporary" : "permanent"),
    operation,
    provider: "aws",
    target: asked,
    httpStatus: status === 0 ? undefined : status,
    serviceCode: name,
    requestId: requestIdOf(error),
    detail: known?.detail(context, message) ?? `${name}: ${message.replace(/[\s.]+$/, "")}`,
    hint:
      known?.hint ??
      (temporary
        ? "It is tried again; check the status of AWS if it persists."
        : `Check what ${asked} may do, and the answer above.`),
    cause: new Error(`${name}: ${message}`),
  });
}

/** An identity that is not to be had, for reasons found on this machine. */
export const unauthenticated = missingIdentity("aws");

function statusOf(error: unknown): number {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata?.httpStatusCode;
  return typeof status === "number" ? status : 0;
}

function requestIdOf(error: unknown): string | undefined {
  const id = (error as { $metadata?: { requestId?: unknown } } | undefined)?.$metadata?.requestId;
  return typeof id === "string" ? id : undefined;
}
