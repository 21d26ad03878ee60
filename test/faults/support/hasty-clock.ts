import { type Clock, systemClock } from "../../../src/telemetry/clock.ts";

/** The system's clock, except that waits of more than 50 ms pass at once: time jumps over them. */
export function hastyClock(): Clock {
  let skipped = 0;
  return {
    now: () => Date.now() + skipped,
    monotonic: () => performance.now() + skipped,
    sleep: async (ms, signal) => {
      const wait = Math.min(ms, 50);
      await systemClock.sleep(wait, signal);
      skipped += ms - wait;
    },
  };
}
