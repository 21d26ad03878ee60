import { isStorageError, type StorageError, toStorageError } from "../errors.ts";

/** What an aborted signal means as an error: `timeout` for `AbortSignal.timeout`, the reason itself when it is one of ours, else `cancelled`. */
export function cancelled(signal: AbortSignal, operation: string): StorageError {
  const reason: unknown = signal.reason;
  if (isStorageError(reason)) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") return toStorageError(reason, operation);
  return toStorageError(new DOMException("This operation was aborted", "AbortError"), operation);
}
