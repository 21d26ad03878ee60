import type { RetryAdvice } from "../../errors.ts";
import type { Random } from "../../telemetry/clock.ts";

/** First and longest delay in milliseconds: short where trying again often helps, long where somebody has to act first. */
const delays: Readonly<Record<RetryAdvice, { readonly first: number; readonly longest: number }>> = {
  temporary: { first: 2_000, longest: 300_000 },
  exhausted: { first: 5_000, longest: 300_000 },
  permanent: { first: 30_000, longest: 1_800_000 },
};

/**
 * Milliseconds until a failed model is tried again: doubled with every failure in a row, half of it random so that machines
 * that failed together do not come back together. A longer wait that the source asked for is kept.
 */
export function retryDelay(
  failures: number,
  advice: RetryAdvice,
  random: Random,
  retryAfterMs: number | undefined = undefined,
): number {
  const { first, longest } = delays[advice];
  const full = Math.min(first * 2 ** Math.min(Math.max(failures - 1, 0), 30), longest);
  return Math.round(Math.max(full / 2 + (full / 2) * random(), retryAfterMs ?? 0));
}
