import type { Clock } from "../../src/telemetry/clock.ts";

/** A clock on which waiting takes no time but moves the clock; it remembers how long was waited. */
export interface QuickClock extends Clock {
  readonly waits: readonly number[];
  /** Epoch milliseconds; may be set to any time. */
  time: number;
}

export function quickClock(start = Date.now()): QuickClock {
  const waits: number[] = [];
  const clock: QuickClock = {
    waits,
    time: start,
    now: () => clock.time,
    monotonic: () => clock.time - start,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      clock.time += ms;
    },
  };
  return clock;
}
