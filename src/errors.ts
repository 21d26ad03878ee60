/**
 * The one error class of the project, its codes and its process exit codes (docs/errors.md is the table for people).
 */

/** What went wrong. Stable: metrics, exit codes and callers' `switch` statements depend on it. */
export type ErrorCode =
  | "not_found"
  | "unauthenticated"
  | "permission_denied"
  | "precondition_failed"
  | "range_not_satisfiable"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "stalled"
  | "connection"
  | "truncated"
  | "protocol"
  | "checksum_mismatch"
  | "incomplete_model"
  | "no_space"
  | "unsafe_path"
  | "config_invalid"
  | "unsupported"
  | "cancelled"
  | "internal";

/**
 * Whether doing the same again can help. `temporary`: yes; `permanent`: no; `exhausted`: it was temporary, and the one
 * retry loop that owns the operation gave up, so no outer loop may start over.
 */
export type RetryAdvice = "permanent" | "temporary" | "exhausted";

export interface StorageErrorFields {
  readonly code: ErrorCode;
  /** Defaults to the code's usual advice (see {@link defaultRetry}). */
  readonly retry?: RetryAdvice | undefined;
  /** What was being done, as a verb phrase: `list`, `read part`, `assume role`. */
  readonly operation: string;
  readonly provider?: string | undefined;
  /** What it was done to. MUST be redacted by the caller (no query strings of signed URLs, no tokens). */
  readonly target?: string | undefined;
  readonly httpStatus?: number | undefined;
  /** The service's own code, such as `NoSuchBucket` or `AuthorizationFailure`. */
  readonly serviceCode?: string | undefined;
  readonly requestId?: string | undefined;
  /** Attempts made, the first one included. */
  readonly attempts?: number | undefined;
  /** Milliseconds that the service asked us to wait (`Retry-After`). */
  readonly retryAfterMs?: number | undefined;
  /** One sentence: what went wrong, without operation and target (the message is composed from all three). */
  readonly detail: string;
  /** One sentence: what the reader can do next. */
  readonly hint: string;
  readonly cause?: unknown;
}

const brand = Symbol.for("model-agent.StorageError");

/** Codes for which a repetition usually helps; all others default to `permanent`. */
const temporaryCodes: ReadonlySet<ErrorCode> = new Set([
  "rate_limited",
  "unavailable",
  "timeout",
  "stalled",
  "connection",
  "truncated",
  "protocol",
  "checksum_mismatch",
]);

/** The retry advice that a code carries when its thrower says nothing else. */
export function defaultRetry(code: ErrorCode): RetryAdvice {
  return temporaryCodes.has(code) ? "temporary" : "permanent";
}

/**
 * Every failure of this library. The message reads `operation target: detail (what to do next)`.
 * Use {@link isStorageError} rather than `instanceof`: it also holds across duplicate installs of the package.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  readonly operation: string;
  readonly provider: string | undefined;
  readonly target: string | undefined;
  readonly httpStatus: number | undefined;
  readonly serviceCode: string | undefined;
  readonly requestId: string | undefined;
  readonly attempts: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly detail: string;
  readonly hint: string;

  constructor(fields: StorageErrorFields) {
    super(composeMessage(fields), fields.cause === undefined ? undefined : { cause: fields.cause });
    Object.defineProperty(this, brand, { value: true });
    this.code = fields.code;
    this.retry = fields.retry ?? defaultRetry(fields.code);
    this.operation = fields.operation;
    this.provider = fields.provider;
    this.target = fields.target;
    this.httpStatus = fields.httpStatus;
    this.serviceCode = fields.serviceCode;
    this.requestId = fields.requestId;
    this.attempts = fields.attempts;
    this.retryAfterMs = fields.retryAfterMs;
    this.detail = fields.detail;
    this.hint = fields.hint;
  }

  /** The same error with some fields replaced; the retry loop uses it to add `attempts` and `exhausted`. */
  with(changes: Partial<StorageErrorFields>): StorageError {
    return new StorageError({ ...this.fields(), ...changes });
  }

  /** Plain data that survives `postMessage` and JSON; the cause is reduced to its text. */
  fields(): StorageErrorFields {
    return {
      code: this.code,
      retry: this.retry,
      operation: this.operation,
      provider: this.provider,
      target: this.target,
      httpStatus: this.httpStatus,
      serviceCode: this.serviceCode,
      requestId: this.requestId,
      attempts: this.attempts,
      retryAfterMs: this.retryAfterMs,
      detail: this.detail,
      hint: this.hint,
      cause: this.cause instanceof Error ? `${this.cause.name}: ${this.cause.message}` : this.cause,
    };
  }
}

function composeMessage(fields: StorageErrorFields): string {
  const target = fields.target === undefined ? "" : ` ${fields.target}`;
  const attempts = fields.attempts !== undefined && fields.attempts > 1 ? ` after ${fields.attempts} attempts` : "";
  return `${fields.operation}${target}: ${fields.detail}${attempts}. ${fields.hint}`;
}

/** True for a {@link StorageError}, also one made by another copy of this package. */
export function isStorageError(error: unknown): error is StorageError {
  return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[brand] === true;
}

/** Turns anything thrown into a {@link StorageError}; an abort becomes `cancelled`, the unknown becomes `internal`. */
export function toStorageError(error: unknown, operation: string, target?: string): StorageError {
  if (isStorageError(error)) return error;
  if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError")) {
    const timeout = error.name === "TimeoutError";
    return new StorageError({
      code: timeout ? "timeout" : "cancelled",
      operation,
      target,
      detail: timeout ? "the time limit passed" : "it was cancelled",
      hint: timeout ? "Run it again, or allow more time." : "Run it again to continue where it stopped.",
      cause: error,
    });
  }
  return new StorageError({
    code: "internal",
    operation,
    target,
    detail: error instanceof Error ? error.message : String(error),
    hint: "This is a defect of model-agent: please report it with the debug log.",
    cause: error,
  });
}

/**
 * Process exit codes of the command line. 0 to 10 follow rclone's table; 11 to 20 are our own; a signal is 128 + its number.
 */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  config_invalid: 2,
  unsupported: 2,
  not_found: 4,
  unavailable: 5,
  timeout: 5,
  connection: 5,
  rate_limited: 5,
  truncated: 5,
  protocol: 5,
  precondition_failed: 6,
  range_not_satisfiable: 6,
  checksum_mismatch: 11,
  incomplete_model: 12,
  no_space: 13,
  unauthenticated: 14,
  permission_denied: 15,
  stalled: 16,
  unsafe_path: 17,
  cancelled: 130,
};
