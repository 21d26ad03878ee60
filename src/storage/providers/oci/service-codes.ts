import { clockSkew } from "../../../auth/oci/clock-skew.ts";
import type { ErrorCode, RetryAdvice } from "../../../errors.ts";
import type { OciAction, OciContext, ServiceFailure } from "./service-failure.ts";

/** What a refusal means to the person who reads the message. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly retry?: RetryAdvice | undefined;
  readonly detail: string;
  readonly hint: string;
}

type Explain = (failure: ServiceFailure, context: OciContext) => Explanation;

const fixed =
  (code: ErrorCode, detail: string, hint: string, retry?: RetryAdvice): Explain =>
  () => ({ code, detail, hint, retry });

/** Policy verb per operation. */
const verbs: Readonly<Record<OciAction, "read" | "manage">> = {
  "open storage": "read",
  "find namespace": "read",
  list: "read",
  stat: "read",
  locate: "read",
  put: "manage",
  copy: "manage",
  delete: "manage",
};

/** The policy statement that allows an operation to whoever logs in this way. */
export function policyFor({ operation, authType, uri }: Pick<OciContext, "operation" | "authType" | "uri">): string {
  const access = `to ${verbs[operation]} objects in compartment {compartment} where`;
  const bucket = `target.bucket.name='${uri.bucket}'`;
  if (authType === "workload_identity") {
    return `Allow any-user ${access} all {${bucket}, request.principal.type='workload', request.principal.namespace='{namespace}', request.principal.service_account='{account}', request.principal.cluster_id='{cluster}'}`;
  }
  const user = authType === "user_principal" || authType === "session_token";
  return `Allow ${user ? "group" : "dynamic-group"} {group} ${access} ${bucket}`;
}

/** The service uses the same words for what does not exist and for what may not be seen, also in a wrong region. */
const bucketNotFound: Explain = (_failure, context) => {
  const { uri, region, namespace, authType, host } = context;
  const place = region === undefined ? host : `region ${region}`;
  if (authType === "preauthenticated_request") {
    return {
      code: "permission_denied",
      detail: "the pre-authenticated request does not allow this",
      hint: "Listing has to be enabled when it is made (--bucket-listing-action ListObjects), and its prefix and access type have to fit.",
    };
  }
  return {
    code: "not_found",
    detail: `there is no bucket ${uri.bucket} in namespace ${namespace ?? "(unknown)"} of ${place}, or it may not be accessed (auth ${authType})`,
    hint: `Check its name, namespace and region (oci://{namespace}@{region}/{bucket}/…); else an administrator has to add the policy: ${policyFor(context)}.`,
  };
};

const notAuthorized: Explain = (_failure, context) => ({
  code: "permission_denied",
  detail: `it does not exist, or access is denied (auth ${context.authType})`,
  hint: `An administrator has to add the policy: ${policyFor(context)}.`,
});

const loginHints: Readonly<Record<string, string>> = {
  user_principal:
    "Check that the public key is among the user's API keys, and tenancy, user and region; a new key takes a few minutes.",
  session_token: "Run `oci session refresh`, or `oci session authenticate`.",
  instance_principal: "Check this machine's clock, and that the region is one that the tenancy is subscribed to.",
};

const notAuthenticated: Explain = (failure, { authType, now }) => {
  const skew = clockSkew(failure.message, now);
  if (skew !== undefined) return { code: "unauthenticated", ...skew };
  if (authType === "preauthenticated_request") {
    return {
      code: "unauthenticated",
      detail: "the pre-authenticated request does not exist, or has expired",
      hint: "Make a new one (oci os preauth-request create).",
    };
  }
  return {
    code: "unauthenticated",
    detail: `Oracle Cloud does not accept the signature (auth ${authType})`,
    hint:
      loginHints[authType] ??
      "Check the principal's token, this machine's clock, and that the region is subscribed to.",
  };
};

const namespaceNotFound: Explain = (_failure, { namespace }) => ({
  code: "not_found",
  detail: `there is no namespace ${namespace ?? ""}, or it belongs to a tenancy that this identity has no access to`,
  hint: "`oci os ns get` prints that of your tenancy; with oci://{bucket}/{prefix} it is found.",
});

const serviceMayNotCopy: Explain = (_failure, { region }) => ({
  code: "permission_denied",
  detail: "Object Storage itself may not copy into the bucket",
  hint: `An administrator has to add the policy: Allow service objectstorage-${region ?? "{region}"} to manage object-family in compartment {compartment}.`,
});

const archived = fixed(
  "unsupported",
  "the object is archived and cannot be read as it is",
  "Restore it first (oci os object restore), or keep models in the Standard tier.",
);
const objectNotFound = fixed("not_found", "there is no such object", "Check the name with a listing of the bucket.");
const changed = fixed(
  "precondition_failed",
  "it is not what it was expected to be: it exists already, or changed meanwhile",
  "Describe it again and decide anew.",
);
const busy = fixed("unavailable", "somebody else is writing the same object", "It is tried again.", "temporary");
const slowDown = fixed(
  "rate_limited",
  "the service asks for fewer requests",
  "It is tried again more slowly; lower the concurrency if this persists.",
);
const damaged = fixed(
  "checksum_mismatch",
  "the bytes changed on their way to the service",
  "It is sent again; if this persists, look for a proxy that changes bodies.",
);
const masterKey = fixed(
  "permission_denied",
  "the bucket's master encryption key is disabled, gone, or may not be used",
  "Enable the key in the vault, and allow Object Storage to use it: Allow service objectstorage-{region} to use keys in compartment {compartment}.",
);
const unavailable: Explain = ({ status }) => ({
  code: "unavailable",
  detail: `the service has a problem (${status})`,
  hint: "Run it again later; check the service's health page if it persists.",
});
const quota = fixed("permission_denied", "the tenancy's storage limit or quota is reached", "Free space, or raise it.");
const badRequest: Explain = (failure) => ({
  code: "config_invalid",
  detail: `the service refuses the request: ${clip(failure.message) || failure.code || failure.status}`,
  hint: "Check the bucket, the name and the parameters.",
});

/** Codes of https://docs.oracle.com/en-us/iaas/Content/API/References/apierrors.htm and of Object Storage. */
const explanations: Readonly<Record<string, Explain>> = {
  BucketNotFound: bucketNotFound,
  NamespaceNotFound: namespaceNotFound,
  ObjectNotFound: objectNotFound,
  NotAuthorizedOrNotFound: notAuthorized,
  RelatedResourceNotAuthorizedOrNotFound: notAuthorized,
  Forbidden: notAuthorized,
  NotAuthenticated: notAuthenticated,
  Unauthorized: notAuthenticated,
  PreauthenticatedRequestNotFound: notAuthenticated,
  InvalidParUri: notAuthenticated,
  InsufficientServicePermissions: serviceMayNotCopy,
  NotRestored: archived,
  RestoreInProgress: fixed(
    "unsupported",
    "the object is archived and is being restored",
    "Wait until it is restored (about an hour).",
  ),
  IfMatchFailed: changed,
  IfNoneMatchFailed: changed,
  PreconditionFailed: changed,
  ETagMismatch: changed,
  ConcurrentObjectUpdate: busy,
  Conflict: busy,
  InvalidRange: fixed("range_not_satisfiable", "the object is shorter than expected", "Describe it again."),
  TooManyRequests: slowDown,
  UnmatchedContentMD5: damaged,
  UnmatchedContentCRC32C: damaged,
  UnmatchedContentSHA256: damaged,
  UploadNotFound: fixed("not_found", "the upload was aborted or has expired", "Run it again.", "permanent"),
  StorageLimitExceeded: quota,
  StorageQuotaExceeded: quota,
  KmsKeyDisabled: masterKey,
  KmsHostNotFound: masterKey,
  NotAuthorizedOrFoundKmsKey: masterKey,
};

/** What a refusal means: by its code, else by its status. */
export function explainServiceCode(failure: ServiceFailure, context: OciContext): Explanation {
  return (explanations[failure.code ?? ""] ?? byStatus(failure.status))(failure, context);
}

function byStatus(status: number): Explain {
  if (status === 401) return notAuthenticated;
  if (status === 403) return notAuthorized;
  if (status === 404) return objectNotFound;
  if (status === 412) return changed;
  if (status === 429) return slowDown;
  return status >= 500 || status === 408 ? unavailable : badRequest;
}

function clip(message: string): string {
  return message
    .replace(/\s+/g, " ")
    .replace(/[.!]+$/, "")
    .slice(0, 200);
}
