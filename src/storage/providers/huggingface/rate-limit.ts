import { parseRetryAfter } from "../../../network/retry-after.ts";

type Head = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** `RateLimit: "api";r=0;t=55`: what is left of the budget, and the seconds until it is new. */
const rateLimit = /"\w+"\s*;\s*r\s*=\s*(\d{1,9})\s*;\s*t\s*=\s*(\d{1,6})/;

/**
 * Milliseconds until the Hub wants the next request of this budget (https://huggingface.co/docs/hub/rate-limits); also said
 * by the answer that used up the last one. Undefined when it may come at once, or when a refusal does not say.
 */
export function pauseOf({ status, headers }: Head, now: number): number | undefined {
  const [, left, seconds] = rateLimit.exec(headers["ratelimit"] ?? "") ?? [];
  const window = left !== undefined && Number(left) === 0 ? Number(seconds) * 1000 : undefined;
  const refused = status === 429 || status === 503;
  return window ?? (refused ? parseRetryAfter(headers["retry-after"], now) : undefined);
}
