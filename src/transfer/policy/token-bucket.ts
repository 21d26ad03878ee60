/** Tokens that refill with time, in whatever unit the caller counts. Time is passed in, in milliseconds. */
export class TokenBucket {
  #capacity: number;
  #refillPerSecond: number;
  #tokens: number;
  #updatedAt: number;

  constructor(capacity: number, refillPerSecond: number, now: number) {
    this.#capacity = capacity;
    this.#refillPerSecond = refillPerSecond;
    this.#tokens = capacity;
    this.#updatedAt = now;
  }

  /** From now on it holds and refills this much. Tokens and debts stay: who changes the rate often gets no more for it. */
  resize(capacity: number, refillPerSecond: number, now: number): void {
    this.#refill(now);
    this.#capacity = capacity;
    this.#refillPerSecond = refillPerSecond;
    this.#tokens = Math.min(capacity, this.#tokens);
  }

  /** Takes `count` tokens, into debt if need be, and returns the milliseconds until the debt is paid: 0 when there is none. */
  take(count: number, now: number): number {
    this.#refill(now);
    this.#tokens -= count;
    return this.debtMs(now);
  }

  /** Takes `count` tokens if they are there. */
  tryTake(count: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  add(count: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + count);
  }

  /** Milliseconds until no debt is left. */
  debtMs(now: number): number {
    this.#refill(now);
    if (this.#tokens >= 0) return 0;
    return this.#refillPerSecond > 0 ? (-this.#tokens / this.#refillPerSecond) * 1000 : Number.POSITIVE_INFINITY;
  }

  #refill(now: number): void {
    const elapsed = Math.max(0, now - this.#updatedAt);
    this.#updatedAt = now;
    this.#tokens = Math.min(this.#capacity, this.#tokens + (elapsed / 1000) * this.#refillPerSecond);
  }
}
