import { parseRetryAfter } from "../../../network/retry-after.ts";

type Head = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/**
 * Milliseconds until GitHub wants the next request
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): `Retry-After` of a secondary limit, else
 * `X-RateLimit-Reset` once nothing remains. Undefined when it may come at once, or when a refusal does not say.
 */
export function pauseOf({ status, headers }: Head, now: number): number | undefined {
  const refused = status === 403 || status === 429 || status === 503;
  const retryAfter = refused ? parseRetryAfter(headers["retry-after"], now) : undefined;
  if (retryAfter !== undefined) return retryAfter;
  const reset = headers["x-ratelimit-reset"] ?? "";
  if (headers["x-ratelimit-remaining"] !== "0" || !/^\d{9,11}$/.test(reset)) return undefined;
  return Math.max(0, Number(reset) * 1000 - now);
}

/** Whether a refusal is about the number of requests, not about who asks. */
export function isLimit({ status, headers }: Head, message: string): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return (
    headers["x-ratelimit-remaining"] === "0" || headers["retry-after"] !== undefined || /rate limit/i.test(message)
  );
}
