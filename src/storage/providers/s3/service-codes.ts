import type { ErrorCode, RetryAdvice } from "../../../errors.ts";
import type { S3Context, ServiceFailure } from "./service-failure.ts";

/** What a refusal means to the person who reads the message. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly retry?: RetryAdvice | undefined;
  readonly detail: string;
  readonly hint: string;
}

type Explain = (failure: ServiceFailure, context: S3Context) => Explanation;

const settingsHint =
  "Check accessKeyId and secretAccessKey (parameters, Secret or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)";

/** IAM actions per operation, on the bucket or on its objects. */
const actions: Readonly<Record<S3Context["operation"], string>> = {
  "open storage": "s3:ListBucket on the bucket",
  list: "s3:ListBucket on the bucket",
  stat: "s3:GetObject on the object",
  locate: "s3:GetObject on the object",
  put: "s3:PutObject (and s3:AbortMultipartUpload) on the object",
  copy: "s3:GetObject on the source and s3:PutObject on the target",
  delete: "s3:DeleteObject on the object",
};

const fixed =
  (code: ErrorCode, detail: string, hint: string, retry?: RetryAdvice): Explain =>
  () => ({ code, detail, hint, retry });

const noSuchObject = fixed("not_found", "there is no such object", "Check the key with a listing of the bucket.");

const noSuchBucket: Explain = ({ field }, { service, uri }) => ({
  code: "not_found",
  detail: `bucket ${field("BucketName") ?? ("bucket" in uri ? uri.bucket : "")} does not exist`,
  hint: `Check the bucket's name, and that it is one of ${service} at this endpoint.`,
});

const expired: Explain = (_failure, { authType }) => ({
  code: "unauthenticated",
  detail: `the session token is not valid or not valid any more (auth ${authType})`,
  hint: "Log in again or provide fresh temporary keys with their token; check this machine's clock.",
});

const unknownKey: Explain = (_failure, { authType, service }) => ({
  code: "unauthenticated",
  detail: `${service} does not know this access key id (auth ${authType})`,
  hint: `${settingsHint}, and sessionToken with temporary keys.`,
});

const denied: Explain = ({ message }, context) => {
  if (context.authType === "anonymous") {
    return {
      code: "permission_denied",
      detail: "it may not be read without logging in",
      hint: "Set parameters.auth (such as iam_role or access_key): auth is anonymous now.",
    };
  }
  if (/\bkms\b/i.test(message)) {
    return {
      code: "permission_denied",
      detail: "the object is encrypted with a KMS key that this identity may not use",
      hint: "Allow the identity kms:Decrypt (and kms:GenerateDataKey to write) on that key.",
    };
  }
  const masked = context.operation === "stat" || context.operation === "locate";
  return {
    code: "permission_denied",
    detail: `access is denied${/explicit deny/i.test(message) ? " by an explicit deny" : ""} (auth ${context.authType})`,
    hint: `Allow the identity ${actions[context.operation]}${masked ? "; without s3:ListBucket a missing object is denied, too" : ""}.`,
  };
};

const slowDown = fixed(
  "rate_limited",
  "the service asks for fewer requests",
  "It is tried again more slowly; lower the concurrency if this persists.",
);

const unavailable: Explain = ({ status }) => ({
  code: "unavailable",
  detail: `the service has a problem (${status})`,
  hint: "Run it again later; check the service's health page if it persists.",
});

const skewed: Explain = (failure, { now }) => {
  const server = Date.parse(failure.field("ServerTime") ?? failure.headers["date"] ?? "");
  const difference = Number.isNaN(server) ? undefined : now - server;
  return {
    code: "unauthenticated",
    detail:
      difference === undefined
        ? "this machine's clock differs too much from the service's"
        : `this machine's clock is ${describeSpan(Math.abs(difference))} ${difference < 0 ? "behind" : "ahead of"} the service's`,
    hint: "Set this machine's clock (NTP): signatures are valid for 15 minutes.",
  };
};

const misplaced: Explain = (failure) => {
  const region = failure.field("Region") ?? failure.headers["x-amz-bucket-region"];
  return {
    code: "config_invalid",
    detail: region === undefined ? "the bucket is in another region" : `the bucket is in region ${region}`,
    hint: `Name the region in the URI: s3://{bucket}@${region ?? "{region}"}/{prefix}.`,
  };
};

const archived: Explain = (failure) => ({
  code: "unsupported",
  detail: `the object is archived (${failure.field("StorageClass") ?? "Glacier"}) and cannot be read as it is`,
  hint: "Restore it first (aws s3api restore-object), or copy it to another storage class.",
});

const customerKey = fixed(
  "unsupported",
  "the object is encrypted with a key that the customer has to send along (SSE-C)",
  "Store it with SSE-S3 or SSE-KMS instead: keys of the customer's are not supported.",
);

const damaged = fixed(
  "checksum_mismatch",
  "the bytes changed on their way to the service",
  "It is sent again; if this persists, look for a proxy that changes bodies.",
);

const badRequest: Explain = (failure) => ({
  code: "config_invalid",
  detail: `the service refuses the request: ${clip(failure.message)}`,
  hint: "Check the bucket, the key and the parameters.",
});

const explanations: Readonly<Record<string, Explain>> = {
  NoSuchKey: noSuchObject,
  NotFound: noSuchObject,
  NoSuchVersion: fixed("not_found", "the object has no such version", "Check versionId, or leave it out."),
  MethodNotAllowed: fixed(
    "not_found",
    "this version is a delete marker, or the endpoint does not serve S3",
    "Choose another version, and check the endpoint.",
  ),
  NoSuchBucket: noSuchBucket,
  NoSuchUpload: fixed("not_found", "the upload was aborted or has expired", "Run it again.", "permanent"),
  AccessDenied: denied,
  Forbidden: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  InvalidPayer: denied,
  InvalidAccessKeyId: unknownKey,
  // As the Versity gateway spells it.
  XAdminUserNotFound: unknownKey,
  SignatureDoesNotMatch: (_failure, { authType }) => ({
    code: "unauthenticated",
    detail: `the secret access key does not match the access key id (auth ${authType})`,
    hint: `${settingsHint}; a proxy that changes requests has the same effect.`,
  }),
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  InvalidToken: expired,
  TokenRefreshRequired: expired,
  InvalidSecurity: expired,
  CredentialsProviderError: expired,
  RequestTimeTooSkewed: skewed,
  AuthorizationHeaderMalformed: misplaced,
  AuthorizationQueryParametersError: misplaced,
  PermanentRedirect: misplaced,
  TemporaryRedirect: misplaced,
  IllegalLocationConstraintException: misplaced,
  InvalidObjectState: archived,
  PreconditionFailed: fixed(
    "precondition_failed",
    "it is not what it was expected to be: it exists already, or changed meanwhile",
    "Describe it again and decide anew.",
  ),
  ConditionalRequestConflict: fixed(
    "precondition_failed",
    "somebody else is writing the same object",
    "Run it again when the other writer has finished.",
    "temporary",
  ),
  OperationAborted: unavailable,
  InvalidRange: fixed("range_not_satisfiable", "the object is shorter than expected", "Describe it again."),
  SlowDown: slowDown,
  Throttling: slowDown,
  ThrottlingException: slowDown,
  RequestLimitExceeded: slowDown,
  TooManyRequests: slowDown,
  BandwidthLimitExceeded: slowDown,
  InternalError: unavailable,
  ServiceUnavailable: unavailable,
  RequestTimeout: fixed("timeout", "the service waited too long for the request", "Run it again."),
  XAmzContentSHA256Mismatch: damaged,
  BadDigest: damaged,
  IncompleteBody: damaged,
  NotImplemented: (failure) => ({
    code: "unsupported",
    detail: `the service cannot do this: ${clip(failure.message)}`,
    hint: "Set the parameter service to what the server is, so that its limits are known.",
  }),
  InvalidRequest: (failure, context) =>
    /server side encryption/i.test(failure.message) ? customerKey(failure, context) : badRequest(failure, context),
};

/** What a refusal means: by its code, else by its status. */
export function explainServiceCode(failure: ServiceFailure, context: S3Context): Explanation {
  return (explanations[failure.code] ?? byStatus(failure.status ?? 0))(failure, context);
}

function byStatus(status: number): Explain {
  if (status === 301 || status === 307) return misplaced;
  if (status === 401 || status === 403) return denied;
  if (status === 404)
    return (failure, context) => (context.operation === "list" ? noSuchBucket : noSuchObject)(failure, context);
  if (status === 408) return unavailable;
  if (status === 412) return explanations["PreconditionFailed"] ?? badRequest;
  if (status === 416) return explanations["InvalidRange"] ?? badRequest;
  if (status === 429) return slowDown;
  if (status === 501) return explanations["NotImplemented"] ?? badRequest;
  return status >= 500 ? unavailable : badRequest;
}

/** `17 minutes`, `3 hours`, `2 days`: as exact as it helps. */
function describeSpan(milliseconds: number): string {
  const units = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1000, "second"],
  ] as const;
  const [size, name] = units.find(([unit]) => milliseconds >= 2 * unit) ?? [1000, "second"];
  const count = Math.round(milliseconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

function clip(message: string): string {
  return message
    .replace(/\s+/g, " ")
    .replace(/[.!]+$/, "")
    .slice(0, 200);
}
