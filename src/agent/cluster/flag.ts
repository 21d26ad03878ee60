import type { Clock } from "../../telemetry/clock.ts";

/** A flag that one loop waits for; raised while nobody waits, it stays up until it is lowered. */
export class Flag {
  readonly #clock: Clock;
  #raised = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  lower(): void {
    this.#raised = false;
  }

  /** Resolves when the flag is up, or after so many milliseconds; rejects with the signal's reason when it aborts. */
  async wait(signal: AbortSignal, ms?: number): Promise<void> {
    if (this.#raised) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const either = AbortSignal.any([signal, woken.signal]);
    try {
      await this.#clock.sleep(Math.min(ms ?? longest, longest), either);
    } catch {
      signal.throwIfAborted();
    } finally {
      this.#wake = undefined;
    }
  }
}

/** Timers cannot be set for longer; who waits looks again after it. */
const longest = 2 ** 31 - 1;
