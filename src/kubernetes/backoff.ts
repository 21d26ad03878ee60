import type { Random } from "../telemetry/clock.ts";

export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

const defaults: BackoffLimits = { baseMs: 800, capMs: 30_000 };

/**
 * Milliseconds before the next try after `failures` failures in a row (1 or more): doubling, half of it random, so that agents that
 * lost the same server do not come back together. What the server asked for (`retryAfterMs`) is the least.
 */
export function backoffDelay(
  failures: number,
  random: Random,
  retryAfterMs = 0,
  limits: BackoffLimits = defaults,
): number {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(failures - 1, 30));
  const delay = ceiling / 2 + random() * (ceiling / 2);
  return retryAfterMs > 0 ? retryAfterMs + random() * limits.baseMs : delay;
}
