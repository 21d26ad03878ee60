import { type ErrorCode, StorageError } from "../errors.ts";

/** The body of a failed request: `meta/v1` Status. */
export interface ApiStatus {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly code?: number | undefined;
  readonly details?: { readonly retryAfterSeconds?: number | undefined } | undefined;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "config_invalid",
  401: "unauthenticated",
  403: "permission_denied",
  404: "not_found",
  409: "precondition_failed",
  410: "precondition_failed",
  422: "config_invalid",
  429: "rate_limited",
  504: "timeout",
};

const hints: Partial<Record<ErrorCode, string>> = {
  unauthenticated: "Check that the service-account token or the kubeconfig's credentials are valid for this cluster.",
  permission_denied: "Grant the agent's service account the right that the message names.",
  not_found: "Check that the object and the custom resource definitions of ome.io exist.",
  precondition_failed: "Read the object again and repeat the change.",
  rate_limited: "The API server asks to slow down; the agent waits and repeats.",
  config_invalid: "Correct the object; the API server refused it.",
};

/** A failed answer of the API server as an error: reason and message are the server's own. */
export function apiError(
  operation: string,
  target: string,
  httpStatus: number,
  status: ApiStatus,
  retryAfterMs?: number,
): StorageError {
  const code = codes[httpStatus] ?? (httpStatus >= 500 ? "unavailable" : "protocol");
  const seconds = status.details?.retryAfterSeconds;
  return new StorageError({
    code,
    operation,
    target,
    provider: "kubernetes",
    httpStatus,
    serviceCode: status.reason,
    retryAfterMs: retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000),
    detail:
      status.message === undefined || status.message === ""
        ? `the API server answered ${httpStatus}`
        : status.message.replace(/\.$/, ""),
    hint: hints[code] ?? "The agent tries again by itself.",
  });
}
