import type { ErrorCode } from "../../../src/errors.ts";

/** What a child process writes to its standard output, as one line of JSON. */
export interface ChildReport {
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly fetchedBytes?: number;
  readonly resumedBytes?: number;
  /** Of a transfer: paths in the order in which they were published. */
  readonly published?: readonly string[];
  /** Of a delivery: there was nothing to do. */
  readonly unchanged?: boolean;
  /** Peak resident set in bytes. */
  readonly maxRss?: number;
}
