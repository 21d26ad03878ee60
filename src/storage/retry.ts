import { isStorageError, type StorageError, toStorageError } from "../errors.ts";
import { type Clock, type Random, systemClock } from "../telemetry/clock.ts";
import { abortError } from "./cancellation.ts";

export interface RetryOptions {
  /** Attempts in a row without success, the first included. Default 4. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds that a server may ask to wait; it gives up when asked for more. Default 60,000. */
  readonly maxRetryAfterMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly signal?: AbortSignal | undefined;
}

const baseDelayMs = 200;
const maxDelayMs = 5_000;
/** A server that wants a longer pause than this gets none: the caller decides what to do meanwhile. */
const defaultMaxRetryAfterMs = 60_000;

/**
 * Milliseconds to wait before the next attempt: full jitter over a doubling span, and never less than the service asked
 * for. Undefined when another attempt cannot help. `failures` counts the failed attempts so far, from 1.
 */
export function retryDelay(error: StorageError, failures: number, options: RetryOptions = {}): number | undefined {
  if (error.retry !== "temporary" || failures >= (options.maxAttempts ?? 4)) return undefined;
  const asked = error.retryAfterMs ?? 0;
  if (asked > (options.maxRetryAfterMs ?? defaultMaxRetryAfterMs)) return undefined;
  const random = options.random ?? Math.random;
  return Math.max(asked, random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (failures - 1)));
}

/** Waits as long as {@link retryDelay} says, or throws the error, marked as exhausted when it was temporary. */
export async function waitForRetry(error: unknown, failures: number, options: RetryOptions = {}): Promise<void> {
  const failure = isStorageError(error) ? error : toStorageError(error, "request");
  const delay = retryDelay(failure, failures, options);
  if (delay === undefined) {
    throw failure.retry === "temporary" ? failure.with({ retry: "exhausted", attempts: failures }) : failure;
  }
  try {
    await (options.clock ?? systemClock).sleep(delay, options.signal);
  } catch (reason) {
    if (options.signal?.aborted !== true) throw reason;
    throw abortError(options.signal, failure.operation, failure.target);
  }
}

/** Runs an idempotent operation again until it succeeds or {@link waitForRetry} gives up. */
export async function withRetries<Result>(attempt: () => Promise<Result>, options: RetryOptions = {}): Promise<Result> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      await waitForRetry(error, failures, options);
    }
  }
}
