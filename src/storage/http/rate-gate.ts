import { StorageError } from "../../errors.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { abortError, throwIfAborted } from "../cancellation.ts";
import type { HttpContext } from "./http-client.ts";

interface AbortableContext extends HttpContext {
  readonly signal?: AbortSignal | undefined;
}

export interface RateGateOptions {
  readonly clock: Clock;
  /** Milliseconds that requests wait for a new window; one that would have to wait longer fails at once. */
  readonly maxWaitMs: number;
  /** What the reader can do who does not want to wait. */
  readonly hint: string;
}

/**
 * One request budget of a service, shared by everyone who draws on it. While the service asks for a pause nobody asks it
 * anything; afterwards one request goes first, and the others only when that one was not refused again.
 */
export class RateGate {
  readonly #options: RateGateOptions;
  #until = Number.NEGATIVE_INFINITY;
  #limited = false;
  #probe: Promise<void> | undefined;

  constructor(options: RateGateOptions) {
    this.#options = options;
  }

  /** Nobody draws on the budget for so many milliseconds. */
  coolDown(ms: number): void {
    this.#until = Math.max(this.#until, this.#options.clock.monotonic() + ms);
    this.#limited = true;
  }

  /**
   * Runs one request when its turn comes.
   *
   * @throws StorageError `rate_limited` when the pause is longer than anyone waits; `cancelled`; what `attempt` throws.
   */
  async run<Result>(context: AbortableContext, attempt: () => Promise<Result>): Promise<Result> {
    const { signal, operation, target } = context;
    for (;;) {
      throwIfAborted(signal, operation, target);
      const waitMs = Math.ceil(this.#until - this.#options.clock.monotonic());
      if (waitMs > this.#options.maxWaitMs) throw this.#tooLong(context, waitMs);
      if (waitMs > 0) await this.#sleep(waitMs, context);
      else if (this.#probe !== undefined) await orAbort(this.#probe, context);
      else if (this.#limited) return this.#goFirst(attempt);
      else return attempt();
    }
  }

  async #goFirst<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#probe = promise;
    // Set again by coolDown when this request is refused, too.
    this.#limited = false;
    try {
      return await attempt();
    } finally {
      this.#probe = undefined;
      resolve();
    }
  }

  async #sleep(ms: number, { signal, operation, target }: AbortableContext): Promise<void> {
    try {
      await this.#options.clock.sleep(ms, signal);
    } catch (error) {
      throw signal?.aborted === true ? abortError(signal, operation, target) : error;
    }
  }

  #tooLong({ operation, target, provider }: HttpContext, waitMs: number): StorageError {
    return new StorageError({
      code: "rate_limited",
      operation,
      target,
      provider,
      retryAfterMs: waitMs,
      detail: `the service takes no more requests for ${Math.ceil(waitMs / 1000)} seconds`,
      hint: this.#options.hint,
    });
  }
}

async function orAbort(promise: Promise<void>, { signal, operation, target }: AbortableContext): Promise<void> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortError(signal, operation, target));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
