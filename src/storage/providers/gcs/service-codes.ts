import type { ErrorCode, RetryAdvice } from "../../../errors.ts";
import type { GcsAction, GcsContext, ServiceFailure } from "./service-failure.ts";

/** What a refusal means to the person who reads the message. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly retry?: RetryAdvice | undefined;
  readonly detail: string;
  readonly hint: string;
}

type Explain = (failure: ServiceFailure, context: GcsContext) => Explanation;

interface Rule {
  readonly applies: (failure: ServiceFailure) => boolean;
  readonly explain: Explain;
}

/** Permission per operation, as IAM names it. */
const permissions: Readonly<Record<GcsAction, string>> = {
  "open storage": "storage.objects.get",
  list: "storage.objects.list",
  stat: "storage.objects.get",
  locate: "storage.objects.get",
  put: "storage.objects.create",
  copy: "storage.objects.create",
  delete: "storage.objects.delete",
};

const roles: Readonly<Record<string, string>> = {
  "storage.objects.list": "roles/storage.objectViewer",
  "storage.objects.get": "roles/storage.objectViewer",
  "storage.objects.create": "roles/storage.objectUser",
  "storage.objects.delete": "roles/storage.objectUser",
};

function refusedAccess({ message }: ServiceFailure, { uri, operation, authType }: GcsContext): Explanation {
  const permission = /\bstorage\.[a-z]+\.[A-Za-z]+\b/.exec(message)?.[0] ?? permissions[operation];
  const role = roles[permission] ?? "a role that has it";
  const caller = /^(\S+@\S+) does not have/.exec(message)?.[1] ?? `this login (auth ${authType})`;
  if (authType === "anonymous") {
    return {
      code: "unauthenticated",
      detail: `anonymous callers have no ${permission} on bucket ${uri.bucket}, or it does not exist`,
      hint: "Log in (parameters.auth), or have the bucket made public if it is to be.",
    };
  }
  return {
    code: "permission_denied",
    detail: `${caller} has no ${permission} on bucket ${uri.bucket}, or it does not exist`,
    hint: `Grant it ${role}: gcloud storage buckets add-iam-policy-binding gs://${uri.bucket} --member=… --role=${role}. Check the bucket's name, too.`,
  };
}

const rules: readonly Rule[] = [
  {
    applies: ({ message, status }) =>
      status < 500 &&
      /requester pays|user project (?:was )?(?:not )?(?:specified|provided)/i.test(message) &&
      !/serviceusage/.test(message),
    explain: (_failure, { uri }) => ({
      code: "config_invalid",
      detail: `bucket ${uri.bucket} charges whoever reads it, and no project is named`,
      hint: `Write gcp://{project}/${uri.bucket}/…, or set the parameter userProject.`,
    }),
  },
  {
    applies: ({ message, reason }) =>
      /serviceusage\.services\.use/.test(message) ||
      reason === "userProjectInvalid" ||
      reason === "USER_PROJECT_DENIED",
    explain: () => ({
      code: "permission_denied",
      detail: "the login may not charge the project that is named",
      hint: "Grant it roles/serviceusage.serviceUsageConsumer on that project, or name another by userProject.",
    }),
  },
  {
    applies: ({ reason, message }) =>
      reason === "insufficientPermissions" || /insufficient authentication scopes/i.test(message),
    explain: () => ({
      code: "permission_denied",
      detail: "the machine's access scopes do not allow storage",
      hint: "Give the instance or node pool the scope cloud-platform (or devstorage.read_only), or use workload identity.",
    }),
  },
  {
    applies: ({ reason, message }) =>
      reason === "accessNotConfigured" || /has not been used in project|is disabled/i.test(message),
    explain: () => ({
      code: "permission_denied",
      detail: "the Cloud Storage API or its billing account is disabled in the project",
      hint: "Enable storage.googleapis.com and billing in the project that owns the bucket.",
    }),
  },
  {
    applies: ({ reason, status }) =>
      status === 429 || reason === "rateLimitExceeded" || reason === "userRateLimitExceeded",
    explain: () => ({
      code: "rate_limited",
      detail: "the service asks for fewer requests",
      hint: "Run it again later, or with fewer connections.",
    }),
  },
  {
    applies: ({ reason }) => reason === "resourceIsEncryptedWithCustomerEncryptionKey",
    explain: () => ({
      code: "unsupported",
      detail: "the object is encrypted with a key that its owner keeps (CSEK)",
      hint: "Copy it to a bucket with Google's or Cloud KMS keys.",
    }),
  },
  {
    applies: ({ status }) => status === 401,
    explain: (failure, context) =>
      context.authType === "anonymous"
        ? refusedAccess(failure, context)
        : {
            code: "unauthenticated",
            detail: `the service does not accept the token (auth ${context.authType})`,
            hint: "Check that the token is one of Google Cloud's, that the service account is enabled, and this machine's clock.",
          },
  },
  { applies: ({ status }) => status === 403, explain: refusedAccess },
  {
    applies: ({ status, message }) => status === 404 && /bucket does not exist|bucket not found/i.test(message),
    explain: (_failure, { uri }) => ({
      code: "not_found",
      detail: `there is no bucket ${uri.bucket}`,
      hint: "Check its name: gcloud storage buckets list shows those of a project.",
    }),
  },
  {
    applies: ({ status }) => status === 404,
    explain: () => ({
      code: "not_found",
      detail: "there is no such object",
      hint: "Check the name with `model-agent ls`; case matters.",
    }),
  },
  {
    applies: ({ status }) => status === 412 || status === 409,
    explain: (_failure, { operation }) => ({
      code: "precondition_failed",
      detail: operation === "put" ? "the object exists already, or changed" : "the object changed meanwhile",
      hint: "Describe it again and start over.",
    }),
  },
  {
    applies: ({ status }) => status === 416,
    explain: () => ({
      code: "range_not_satisfiable",
      detail: "the range lies behind the object's end",
      hint: "Describe it again: it is shorter than expected.",
    }),
  },
  {
    applies: ({ status }) => status === 408,
    explain: () => ({ code: "timeout", detail: "the service gave up waiting", hint: "Run it again." }),
  },
  {
    applies: ({ status }) => status >= 500,
    explain: ({ status }) =>
      status === 501
        ? { code: "unsupported", detail: "the server cannot do this", hint: "Check the endpoint." }
        : { code: "unavailable", detail: `the service has a problem (${status})`, hint: "Run it again later." },
  },
];

/** What an answer of status 300 and above means: by the service's own words first, then by the status. */
export function explainServiceCode(failure: ServiceFailure, context: GcsContext): Explanation {
  if (!failure.fromService && failure.status < 500) {
    return {
      code: "protocol",
      retry: "permanent",
      detail: `the answer of ${context.host} is not one of Cloud Storage (${failure.status})`,
      hint: "Check the endpoint, and proxies on the way.",
    };
  }
  const rule = rules.find(({ applies }) => applies(failure));
  if (rule !== undefined) return rule.explain(failure, context);
  const invalidName = /invalid bucket name/i.test(failure.message);
  return {
    code: "config_invalid",
    detail: invalidName
      ? `${context.uri.bucket} is no name of a bucket`
      : `the service refuses the request (${failure.status}${failure.reason === undefined ? "" : `, ${failure.reason}`})`,
    hint: invalidName ? "Check the URI." : "Check the bucket's name and the parameters.",
  };
}
