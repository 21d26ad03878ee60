import type { Clock } from "../../telemetry/clock.ts";

/** Holds a reader to a rate. */
export interface BytePace {
  /** Counts bytes that were read; resolves when reading may go on. */
  took(bytes: number, signal: AbortSignal): Promise<void>;
}

/** A pace of so many bytes per second, with no burst saved up while idle. */
export function paceBytes(bytesPerSecond: number, clock: Clock): BytePace {
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    took: async (bytes, signal) => {
      const now = clock.monotonic();
      dueAt = Math.max(dueAt, now) + (bytes / bytesPerSecond) * 1000;
      if (dueAt - now >= 1) await clock.sleep(dueAt - now, signal);
    },
  };
}
