import type { ErrorCode, RetryAdvice } from "../../../errors.ts";
import type { AzureAction, AzureContext, ServiceFailure } from "./service-failure.ts";

/** What a refusal means to the person who reads the message. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly retry?: RetryAdvice | undefined;
  readonly detail: string;
  readonly hint: string;
}

type Explain = (failure: ServiceFailure, context: AzureContext) => Explanation;

const fixed =
  (code: ErrorCode, detail: string, hint: string, retry?: RetryAdvice): Explain =>
  () => ({ code, detail, hint, retry });

/** The least role for an operation. */
const roles: Readonly<Record<AzureAction, string>> = {
  "open storage": "Storage Blob Data Reader",
  list: "Storage Blob Data Reader",
  stat: "Storage Blob Data Reader",
  locate: "Storage Blob Data Reader",
  put: "Storage Blob Data Contributor",
  copy: "Storage Blob Data Contributor",
  delete: "Storage Blob Data Contributor",
};

/** Letters of `sp` in a shared access signature. */
const permissions: Readonly<Record<AzureAction, string>> = {
  "open storage": "r",
  list: "l",
  stat: "r",
  locate: "r",
  put: "cw",
  copy: "rcw",
  delete: "d",
};

/** Requests may be 15 minutes off. */
const skewMs = 10 * 60_000;

function clockSkew({ headers }: ServiceFailure, now: number): Explanation | undefined {
  const ahead = now - Date.parse(headers["date"] ?? "");
  if (Number.isNaN(ahead) || Math.abs(ahead) < skewMs) return undefined;
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  return {
    code: "unauthenticated",
    detail: `this machine's clock is ${minutes} minutes ${ahead > 0 ? "ahead of" : "behind"} Azure's`,
    hint: "Correct it (NTP): Azure refuses requests that are more than 15 minutes off.",
  };
}

const notAuthenticated: Explain = (failure, { authType, account, now }) => {
  const skew = clockSkew(failure, now);
  if (skew !== undefined) return skew;
  const detail = failure.authenticationDetail;
  if (authType === "sas_token") {
    const late = /time frame|expir|must be after/i.test(detail);
    return {
      code: "unauthenticated",
      detail: late
        ? "the shared access signature has expired, or is not valid yet"
        : "the shared access signature is not accepted",
      hint: late
        ? "Make a new one (az storage container generate-sas)."
        : `Check that it was made for account ${account} and this container, and is complete up to the end of sig=.`,
    };
  }
  if (authType === "account_key") {
    return {
      code: "unauthenticated",
      detail: `the account key is not one of account ${account}`,
      hint: "Check key and account; a key that was rotated has to be replaced.",
    };
  }
  return {
    code: "unauthenticated",
    detail: `Azure does not accept the login (auth ${authType})`,
    hint: `The token has to be issued by the tenant of account ${account}: check tenantId and the cloud (AZURE_AUTHORITY_HOST).`,
  };
};

const missingRole: Explain = (_failure, context) => {
  const { operation, authType, account, uri } = context;
  if (authType === "sas_token") {
    return {
      code: "permission_denied",
      detail: `the shared access signature does not allow this (${operation})`,
      hint: `Make one with the permission "${permissions[operation]}" on container ${uri.container} (to list and read: sp=rl, sr=c).`,
    };
  }
  return {
    code: "permission_denied",
    detail: `the identity may not do this in account ${account} (auth ${authType})`,
    hint: `Assign it the role ${roles[operation]} on the account or container; Owner and Contributor do not include data, and a new assignment takes up to ten minutes.`,
  };
};

const firewall: Explain = (failure, context) => {
  if (context.authType === "sas_token") return missingRole(failure, context);
  return {
    code: "permission_denied",
    detail: `account ${context.account} does not take this request: its firewall does not let this network in, or the login lacks permission`,
    hint: "Add this network or a private endpoint to the account's networking rules, and check the role Storage Blob Data Reader.",
  };
};

const containerNotFound: Explain = (_failure, { uri, account }) => ({
  code: "not_found",
  detail: `there is no container ${uri.container} in account ${account}`,
  hint: "Check the names of container and account: azure://{account}/{container}/{prefix}.",
});

const noPublicAccess: Explain = (_failure, { account, uri }) => ({
  code: "permission_denied",
  detail: `account ${account} gives nothing to anonymous readers, or container ${uri.container} is not public`,
  hint: "Use another auth type, or let the owner allow public access to the account and the container.",
});

const noLogin: Explain = (failure, context) =>
  context.authType === "anonymous" ? noPublicAccess(failure, context) : notAuthenticated(failure, context);

const notFound = fixed("not_found", "there is no such object", "Check the name with a listing of the container.");
const changed = fixed(
  "precondition_failed",
  "it is not what it was expected to be: it exists already, or changed meanwhile",
  "Describe it again and decide anew.",
);
const busy = fixed(
  "rate_limited",
  "the account asks for fewer requests",
  "It is tried again more slowly; lower the concurrency if this persists.",
  "temporary",
);
const unavailable: Explain = ({ status }) => ({
  code: "unavailable",
  detail: `the service has a problem (${status})`,
  hint: "Run it again later; check the status of Azure if it persists.",
  retry: "temporary",
});
const damaged = fixed(
  "checksum_mismatch",
  "the bytes changed on their way to the service",
  "It is sent again; if this persists, look for a proxy that changes bodies.",
);
const protectedBlob = fixed(
  "permission_denied",
  "the object is protected by a lease, a legal hold or a retention policy",
  "Break the lease or lift the policy first.",
);
const badRequest: Explain = (failure) => ({
  code: "config_invalid",
  detail: `the service refuses the request: ${failure.code ?? failure.status}`,
  hint: "Check the container, the name and the parameters.",
});

/** https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and …/common-rest-api-error-codes */
const explanations: Readonly<Record<string, Explain>> = {
  ContainerNotFound: containerNotFound,
  ContainerBeingDeleted: containerNotFound,
  ContainerDisabled: containerNotFound,
  BlobNotFound: notFound,
  ResourceNotFound: (failure, context) =>
    context.authType === "anonymous" ? noPublicAccess(failure, context) : containerNotFound(failure, context),
  InvalidResourceName: badRequest,
  AuthenticationFailed: notAuthenticated,
  InvalidAuthenticationInfo: notAuthenticated,
  NoAuthenticationInformation: noLogin,
  AuthorizationPermissionMismatch: missingRole,
  InsufficientAccountPermissions: missingRole,
  AuthorizationResourceTypeMismatch: missingRole,
  AuthorizationServiceMismatch: missingRole,
  AuthorizationFailure: firewall,
  AuthorizationSourceIPMismatch: fixed(
    "permission_denied",
    "the shared access signature is not for this machine's address",
    "Make one without an address range (sip), or with this machine's.",
  ),
  AuthorizationProtocolMismatch: fixed(
    "permission_denied",
    "the shared access signature is for https only",
    "Use an https:// endpoint.",
  ),
  KeyBasedAuthenticationNotPermitted: (_failure, { account, authType }) => ({
    code: "permission_denied",
    detail: `account ${account} takes no account keys (auth ${authType})`,
    hint: "Use managed_identity, workload_identity or service_principal, or let the owner allow shared keys.",
  }),
  PublicAccessNotPermitted: noPublicAccess,
  AccountIsDisabled: fixed("permission_denied", "the storage account is disabled", "Check its subscription."),
  BlobArchived: fixed(
    "unsupported",
    "the object is in the archive tier and cannot be read as it is",
    "Rehydrate it first (az storage blob set-tier --tier Hot); that takes hours.",
  ),
  BlobBeingRehydrated: fixed(
    "unsupported",
    "the object is being rehydrated from the archive tier",
    "Wait until it is done.",
  ),
  ConditionNotMet: changed,
  TargetConditionNotMet: changed,
  SourceConditionNotMet: changed,
  CannotVerifyCopySource: notFound,
  BlobAlreadyExists: changed,
  InvalidRange: fixed("range_not_satisfiable", "the range lies behind the object's end", "Describe it again."),
  Md5Mismatch: damaged,
  Crc64Mismatch: damaged,
  ServerBusy: busy,
  OperationTimedOut: unavailable,
  InternalError: unavailable,
  BlobImmutableDueToPolicy: protectedBlob,
  LeaseIdMissing: protectedBlob,
  SnapshotsPresent: fixed("permission_denied", "the object has snapshots", "Delete its snapshots first."),
};

/** By status, for codes that are not in the table and answers without one. */
function byStatus(failure: ServiceFailure, context: AzureContext): Explanation {
  const { status } = failure;
  if (status === 401) return notAuthenticated(failure, context);
  if (status === 403) return firewall(failure, context);
  if (status === 404) return notFound(failure, context);
  if (status === 409 || status === 412) return changed(failure, context);
  if (status === 416)
    return fixed("range_not_satisfiable", "the range lies behind the end", "Ask again.")(failure, context);
  if (status === 429) return busy(failure, context);
  return status >= 500 ? unavailable(failure, context) : badRequest(failure, context);
}

/** What the service's refusal means. */
export function explainServiceCode(failure: ServiceFailure, context: AzureContext): Explanation {
  const known = failure.code === undefined ? undefined : explanations[failure.code];
  return known === undefined ? byStatus(failure, context) : known(failure, context);
}
