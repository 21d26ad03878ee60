import { isStorageError, toStorageError } from "../errors.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { cancelled } from "./cancelled.ts";

/** Something that is valid for a while: keys, an access token. */
export interface Expiring {
  /** Epoch milliseconds; undefined for what does not expire. */
  readonly expiration?: number | undefined;
}

export interface CachingOptions<T extends Expiring> {
  /** Fetches a fresh value. The signal aborts when nobody waits for it any more. */
  readonly load: (signal: AbortSignal) => Promise<T>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Spreads the refreshes of many nodes; `Math.random` when undefined. */
  readonly random?: Random | undefined;
  /** Milliseconds after which a value without expiration is loaded again; never when undefined. */
  readonly maxAgeMs?: number | undefined;
  /** Ends every load that is under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface ResolveOptions {
  /** Ends this caller's waiting only; the others go on waiting for the same load. */
  readonly signal?: AbortSignal | undefined;
  /** The value was refused by its service: load a new one. Ignored for a value younger than five seconds. */
  readonly forceRefresh?: boolean | undefined;
}

export interface Caching<T> {
  resolve(options?: ResolveOptions): Promise<T>;
}

/** How long before expiry a refresh begins; a fifth of the lifetime for what lives shorter than 25 minutes. */
const refreshMarginMs = 5 * 60_000;
/** Within this time before expiry callers wait for the refresh, rather than taking what is about to end. */
const lastMomentMs = 30_000;
/** Pause between attempts while a value is still valid; without one every call tries at once. */
const pauseAfterFailureMs = 10_000;
/** Hundreds of parts are refused at the same moment, and each asks for new keys: the first answer serves all of them. */
const forcedRefreshPauseMs = 5_000;

const waiting = "wait for credentials";

interface Held<T> {
  readonly value: T;
  readonly loadedAt: number;
  /** Epoch milliseconds from which a refresh is due. */
  readonly refreshAt: number;
}

interface Flight<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

/**
 * Keeps a value until shortly before it expires and lets any number of callers share one refresh. In the last five minutes
 * the refresh runs beside, callers still get the valid value; only in the last half minute do they wait for it. A failed
 * refresh is never remembered: with a valid value at hand that one is used, without one the next call tries again.
 */
export function createCaching<T extends Expiring>(options: CachingOptions<T>): Caching<T> {
  const { clock, logger } = options;
  let held: Held<T> | undefined;
  let flight: Flight<T> | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;

  function start(): Flight<T> {
    const controller = new AbortController();
    const signal =
      options.signal === undefined ? controller.signal : AbortSignal.any([controller.signal, options.signal]);
    const promise = (async () => {
      // The flight has to stand before the load can fail.
      await null;
      try {
        const value = await options.load(signal);
        held = { value, loadedAt: clock.now(), refreshAt: refreshTime(value, clock.now(), options) };
        failedAt = Number.NEGATIVE_INFINITY;
        return value;
      } catch (error) {
        failedAt = clock.now();
        throw error;
      } finally {
        if (flight?.controller === controller) flight = undefined;
      }
    })();
    const started: Flight<T> = { promise, controller, waiters: 0 };
    flight = started;
    return started;
  }

  function refreshBeside(): void {
    if (flight !== undefined || clock.now() - failedAt < pauseAfterFailureMs) return;
    start().promise.catch((error: unknown) => warn(error));
  }

  function warn(error: unknown): void {
    const { code, message } = isStorageError(error) ? error : toStorageError(error, "refresh credentials");
    logger.warn({ code, error: message }, "credentials could not be refreshed, the present ones are still valid");
  }

  async function wait(signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted) throw cancelled(signal, waiting);
    const joined = flight ?? start();
    joined.waiters++;
    try {
      return await raceAbort(joined.promise, signal);
    } finally {
      joined.waiters--;
      if (joined.waiters === 0 && flight === joined) {
        flight = undefined;
        joined.controller.abort(signal?.reason);
      }
    }
  }

  return {
    async resolve({ signal, forceRefresh = false } = {}) {
      const now = clock.now();
      if (held === undefined) return wait(signal);
      if (forceRefresh && now - held.loadedAt >= forcedRefreshPauseMs) return wait(signal);
      if (now < held.refreshAt) return held.value;
      const left = (held.value.expiration ?? Number.POSITIVE_INFINITY) - now;
      if (left <= 0) return wait(signal);
      if (left > lastMomentMs) {
        refreshBeside();
        return held.value;
      }
      const valid = held.value;
      try {
        return await wait(signal);
      } catch (error) {
        if (signal?.aborted || (valid.expiration ?? Number.POSITIVE_INFINITY) <= clock.now()) throw error;
        warn(error);
        return valid;
      }
    },
  };
}

function refreshTime<T extends Expiring>(value: T, now: number, options: CachingOptions<T>): number {
  if (value.expiration === undefined)
    return options.maxAgeMs === undefined ? Number.POSITIVE_INFINITY : now + options.maxAgeMs;
  const margin = Math.min(refreshMarginMs, (value.expiration - now) / 5);
  return value.expiration - margin * (1 + 0.2 * (options.random ?? Math.random)());
}

/** The promise's outcome, or the signal's reason as soon as it aborts. The promise itself goes on. */
async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(cancelled(signal, waiting));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
