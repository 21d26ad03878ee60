import type { Clock } from "../../telemetry/clock.ts";
import { formatBytes, formatDuration, formatRate } from "../../telemetry/human-format.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { DownloadProgress, ProgressListener } from "../../telemetry/progress.ts";
import type { LiveRegion } from "./live-region.ts";
import { progressLines, secondsLeft } from "./progress-lines.ts";

/** Shows the progress of one download until it is ended. */
export interface ProgressView {
  readonly update: ProgressListener;
  end(): void;
}

export interface TerminalProgressOptions {
  readonly region: LiveRegion;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly unicode: boolean;
  readonly color: boolean;
  readonly clock: Clock;
}

/** Most lines that progress takes of a terminal, however tall it is. */
const mostLines = 13;
/** Milliseconds between two frames. */
const frameMs = 100;

/** Progress drawn in place, at most ten frames a second. */
export function terminalProgress(options: TerminalProgressOptions): ProgressView {
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    update: (progress) => {
      const now = options.clock.monotonic();
      if (now - drawnAt < frameMs && progress.completedBytes < progress.totalBytes) return;
      drawnAt = now;
      const { columns, rows } = options.size();
      const style = { columns, rows: Math.min(mostLines, rows - 1), unicode: options.unicode, color: options.color };
      options.region.draw(progressLines(progress, style));
    },
    end: () => options.region.clear(),
  };
}

/** Progress as a log line every `intervalMs` milliseconds, for output that is not a terminal. */
export function logProgress(logger: Logger, clock: Clock, intervalMs = 5000): ProgressView {
  let saidAt = clock.monotonic();
  return {
    update: (progress) => {
      const now = clock.monotonic();
      if (now - saidAt < intervalMs) return;
      saidAt = now;
      logger.info(progressFields(progress), progressText(progress));
    },
    end: () => {},
  };
}

function progressFields(progress: DownloadProgress): Readonly<Record<string, unknown>> {
  const { activeFiles: _, ...totals } = progress;
  return { ...totals, bytesPerSecond: Math.round(progress.bytesPerSecond) };
}

function progressText(progress: DownloadProgress): string {
  if (progress.phase === "scanning") return "looking at the source";
  const left = secondsLeft(progress);
  return [
    `${formatBytes(progress.completedBytes)} of ${formatBytes(progress.totalBytes)}`,
    `${progress.completedFiles} of ${progress.totalFiles} files`,
    formatRate(progress.bytesPerSecond),
    ...(left === undefined ? [] : [`${formatDuration(left)} left`]),
  ].join(", ");
}
