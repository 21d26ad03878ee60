/** Answers seen before hedging starts. */
const warmUp = 10;
const minimalDeadlineMs = 1000;
/** How far above the mean the deadline settles. */
const marginMs = 700;
const meanWeight = 1 / 64;
const deadlineWeight = 0.01;
/** Hosts that answer this slowly on average are not hedged: it would double their load for nothing. */
const slowHostMs = 5000;
const tokenCapacity = 10;
const tokensPerAnswer = 0.05;

/**
 * When to ask a second time because the first request's answer is late. Learns what is usual on a host; a budget keeps
 * second requests below five per cent. The law is that of AWS's Rust S3 transfer manager.
 */
export class AnswerHedge {
  #samples: number[] = [];
  #meanMs = 0;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #tokens = tokenCapacity;
  #off = false;

  /** Milliseconds after which an answer counts as late; `Infinity` while hedging is off. */
  get deadlineMs(): number {
    return this.#off ? Number.POSITIVE_INFINITY : this.#deadlineMs;
  }

  /** An answer came after so many milliseconds. Requests that were never answered are not told here. */
  answered(waitedMs: number): void {
    this.#tokens = Math.min(tokenCapacity, this.#tokens + tokensPerAnswer);
    if (this.#samples.length < warmUp) {
      this.#samples.push(waitedMs);
      if (this.#samples.length === warmUp) this.#begin();
      return;
    }
    this.#meanMs += (waitedMs - this.#meanMs) * meanWeight;
    this.#deadlineMs += (this.#meanMs + marginMs - this.#deadlineMs) * deadlineWeight;
  }

  #begin(): void {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    this.#meanMs = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
    this.#deadlineMs = Math.max(sorted[Math.floor(sorted.length * 0.9)] ?? 0, minimalDeadlineMs);
    this.#off = this.#meanMs >= slowHostMs;
  }

  /** Takes the budget for one second request, if there is some. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
