import { type ErrorCode, type RetryAdvice, StorageError } from "../errors.ts";

export interface MissingIdentity {
  /** Verb phrase: `get an access token`. */
  readonly operation: string;
  /** The identity asked for: an e-mail address, `profile DEFAULT`, `metadata server`. */
  readonly asked: string;
  readonly detail: string;
  readonly hint: string;
  /** Default `unauthenticated`. */
  readonly code?: ErrorCode;
  readonly retry?: RetryAdvice;
  readonly httpStatus?: number;
  readonly serviceCode?: string | undefined;
  readonly cause?: unknown;
}

/** How a provider's logins say that an identity is not to be had. */
export function missingIdentity(provider: string): (missing: MissingIdentity) => StorageError {
  return ({ asked, code = "unauthenticated", ...rest }) => new StorageError({ code, provider, target: asked, ...rest });
}
