import type { Clock } from "../telemetry/clock.ts";

/** Runs work with a signal that also aborts, with a `TimeoutError`, after `ms` milliseconds of the given clock. */
export async function withTimeLimit<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const done = new AbortController();
  clock.sleep(ms, done.signal).then(
    () => limit.abort(new DOMException(`No answer within ${ms} ms`, "TimeoutError")),
    () => {},
  );
  try {
    return await work(AbortSignal.any([signal, limit.signal]));
  } finally {
    done.abort();
  }
}
