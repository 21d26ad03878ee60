import { TokenBucket } from "./token-bucket.ts";

/** Retries that a scope may have in a burst, and how many more per second. */
const retryCapacity = 500;
const retriesPerSecond = 10;

/**
 * What all readers of one scope (usually a bucket) share: a budget of retries, so that a failing service is not stormed, and
 * a cool-down that one reader's `Retry-After` sets for all. Times in monotonic milliseconds.
 */
export class ScopeGuard {
  readonly #budget: TokenBucket;
  #coolUntil = 0;

  constructor(now: number) {
    this.#budget = new TokenBucket(retryCapacity, retriesPerSecond, now);
  }

  /** Pays for a retry; returns how much longer than planned it has to wait, in milliseconds. */
  payRetry(now: number): number {
    return this.#budget.take(1, now);
  }

  /** Nobody asks this scope for anything before `until`. */
  coolDown(until: number): void {
    this.#coolUntil = Math.max(this.#coolUntil, until);
  }

  /** Milliseconds until the scope may be asked again: 0 when it may be now. */
  waitMs(now: number): number {
    return Math.max(0, this.#coolUntil - now);
  }
}
