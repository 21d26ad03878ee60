import { StorageError } from "../../errors.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { formatDuration } from "../../telemetry/human-format.ts";
import type { DownloadProgress } from "../../telemetry/progress.ts";

export interface DeliveryLimits {
  /** Milliseconds without any progress before the attempt fails with `stalled`. */
  readonly noProgressMs: number;
  /** Milliseconds for the whole attempt before it fails with `timeout`; undefined for none. */
  readonly overallMs: number | undefined;
}

/**
 * Runs a delivery under time limits. The delivery gets a signal that also aborts when a limit is hit; the promise settles
 * only when the delivery has, so that there is never a second writer.
 */
export async function limitDelivery<Result>(
  target: string,
  limits: DeliveryLimits,
  clock: Clock,
  signal: AbortSignal,
  deliver: (signal: AbortSignal, onProgress: (progress: DownloadProgress) => void) => Promise<Result>,
): Promise<Result> {
  const ended = new AbortController();
  const limit = new AbortController();
  const startedAt = clock.monotonic();
  let movedAt = startedAt;
  let seen = "";
  const onProgress = (progress: DownloadProgress): void => {
    const mark = `${progress.phase} ${progress.completedBytes} ${progress.completedFiles}`;
    if (mark !== seen) movedAt = clock.monotonic();
    seen = mark;
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      const now = clock.monotonic();
      const overallLeft = (limits.overallMs ?? Number.POSITIVE_INFINITY) - (now - startedAt);
      const progressLeft = limits.noProgressMs - (now - movedAt);
      if (overallLeft <= 0) return limit.abort(tooLong(target, limits.overallMs ?? 0));
      if (progressLeft <= 0) return limit.abort(noProgress(target, limits.noProgressMs));
      await clock.sleep(Math.min(overallLeft, progressLeft), ended.signal);
    }
  };
  const watching = watch().catch(() => {});
  try {
    return await deliver(AbortSignal.any([signal, limit.signal]), onProgress);
  } catch (error) {
    if (limit.signal.aborted && !signal.aborted) throw limit.signal.reason;
    throw error;
  } finally {
    ended.abort();
    await watching;
  }
}

function noProgress(target: string, milliseconds: number): StorageError {
  return new StorageError({
    code: "stalled",
    operation: "deliver",
    target,
    detail: `nothing moved for ${formatDuration(milliseconds / 1000)}`,
    hint: "It is tried again from where it stopped; check the source and the network if this repeats.",
  });
}

function tooLong(target: string, milliseconds: number): StorageError {
  return new StorageError({
    code: "timeout",
    operation: "deliver",
    target,
    detail: `it was not done within ${formatDuration(milliseconds / 1000)}`,
    hint: "It is tried again from where it stopped; allow more time with --download-timeout if the model is large.",
  });
}
