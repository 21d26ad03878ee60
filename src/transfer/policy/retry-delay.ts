import type { Random } from "../../telemetry/clock.ts";

/** Milliseconds. */
const baseMs = 100;
const throttledBaseMs = 1000;
const capMs = 5000;

/**
 * How long to wait before attempt `attempt + 1`, in milliseconds: full jitter over an exponentially growing window
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), never shorter than the service asked for.
 * `attempt` counts from 1.
 */
export function retryDelay(attempt: number, throttled: boolean, toldMs: number | undefined, random: Random): number {
  const base = throttled ? throttledBaseMs : baseMs;
  const window = Math.min(capMs, base * 2 ** Math.min(attempt - 1, 16));
  const jittered = random() * window;
  if (toldMs === undefined) return jittered;
  return toldMs + random() * Math.min(window, baseMs * 5);
}
