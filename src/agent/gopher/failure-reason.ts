import type { ErrorCode, StorageError } from "../../errors.ts";

/** Stable CamelCase words for conditions, events and the status page. */
const reasons: Readonly<Record<ErrorCode, string>> = {
  not_found: "NotFound",
  unauthenticated: "AuthFailed",
  permission_denied: "AccessDenied",
  precondition_failed: "SourceChanged",
  range_not_satisfiable: "SourceChanged",
  rate_limited: "RateLimited",
  unavailable: "SourceUnreachable",
  timeout: "SourceUnreachable",
  connection: "SourceUnreachable",
  truncated: "SourceUnreachable",
  protocol: "SourceUnreachable",
  stalled: "Stalled",
  checksum_mismatch: "ChecksumMismatch",
  incomplete_model: "IncompleteModel",
  no_space: "InsufficientSpace",
  unsafe_path: "UnsafePath",
  config_invalid: "InvalidConfiguration",
  unsupported: "Unsupported",
  cancelled: "Cancelled",
  internal: "InternalError",
};

const notWritable: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);

/** Whether the disk refused to be written. */
export function isNotWritable(error: StorageError): boolean {
  return error.code === "permission_denied" && notWritable.has(error.serviceCode ?? "");
}

/** The reason of a failed model. */
export function failureReason(error: StorageError): string {
  if (isNotWritable(error)) return "PathNotWritable";
  if (error.code === "not_found" && error.serviceCode === "RevisionNotFound") return "RevisionNotFound";
  return reasons[error.code];
}
