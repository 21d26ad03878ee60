import { setTimeout as sleep } from "node:timers/promises";

/** Shares so many bytes per second among all that ask; the returned function resolves when the bytes may go. */
export function sharedBandwidth(bytesPerSecond: number | undefined): (bytes: number) => Promise<void> {
  if (bytesPerSecond === undefined) return () => Promise.resolve();
  let free = performance.now();
  return async (bytes) => {
    const start = Math.max(free, performance.now());
    free = start + (bytes / bytesPerSecond) * 1000;
    const waitMs = start - performance.now();
    if (waitMs > 1) await sleep(waitMs);
  };
}
