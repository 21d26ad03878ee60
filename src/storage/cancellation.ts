import { isStorageError, type StorageError, toStorageError } from "../errors.ts";

/** What an aborted signal means as an error: `timeout` for `AbortSignal.timeout`, `cancelled` for everything else. */
export function abortError(signal: AbortSignal, operation: string, target?: string): StorageError {
  const reason: unknown = signal.reason;
  if (isStorageError(reason)) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") return toStorageError(reason, operation, target);
  return toStorageError(new DOMException("This operation was aborted", "AbortError"), operation, target);
}

/** Throws {@link abortError} when the signal is aborted already. */
export function throwIfAborted(signal: AbortSignal | undefined, operation: string, target?: string): void {
  if (signal?.aborted === true) throw abortError(signal, operation, target);
}
