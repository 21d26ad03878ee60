import type { Clock } from "../telemetry/clock.ts";
import type { DownloadProgress, ProgressListener } from "../telemetry/progress.ts";
import type { TransferProgress } from "../transfer/transfer-types.ts";

const intervalMs = 100;
const maxActiveFiles = 32;

/** Adds up what a delivery did in its phases and tells its listener, at most every 100 ms and at each change of phase. */
export class ProgressMeter {
  readonly #listener: ProgressListener | undefined;
  readonly #clock: Clock;
  #emittedAt = Number.NEGATIVE_INFINITY;
  #progress: DownloadProgress = {
    phase: "scanning",
    totalBytes: 0,
    completedBytes: 0,
    totalFiles: 0,
    completedFiles: 0,
    bytesPerSecond: 0,
    activeFiles: [],
  };
  /** Files that need no transfer. */
  #settledFiles = 0;
  #settledBytes = 0;
  /** Bytes of existing files that were read so far, of which it is not yet known whether they are right. */
  #readBytes = 0;

  constructor(listener: ProgressListener | undefined, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  /** Files found so far while the source is listed. */
  found(totalFiles: number, totalBytes: number): void {
    this.#update({ totalFiles, totalBytes });
  }

  /** The files that belong to the model. */
  planned(totalFiles: number, totalBytes: number): void {
    this.#update({ totalFiles, totalBytes }, true);
  }

  /** An existing file was read on; negative takes back what turned out to be wrong. */
  read(bytes: number): void {
    this.#readBytes += bytes;
    this.#update({ completedBytes: this.#settledBytes + this.#readBytes });
  }

  /** A file is right without a transfer; `alreadyRead` of its bytes were reported by {@link read}. */
  settled(bytes: number, alreadyRead = 0): void {
    this.#settledFiles += 1;
    this.#settledBytes += bytes;
    this.#readBytes -= alreadyRead;
    this.#update({ completedFiles: this.#settledFiles, completedBytes: this.#settledBytes + this.#readBytes });
  }

  transferring(transfer?: TransferProgress): void {
    this.#update(
      {
        phase: "downloading",
        completedBytes: this.#settledBytes + (transfer?.completedBytes ?? 0),
        completedFiles: this.#settledFiles + (transfer?.completedFiles ?? 0),
        bytesPerSecond: transfer?.bytesPerSecond ?? 0,
        activeFiles: [...(transfer?.activeFiles ?? [])].sort((a, b) => b.size - a.size).slice(0, maxActiveFiles),
      },
      true,
    );
  }

  /** Everything is on disk; it is checked and proven now. */
  finalizing(): void {
    const { totalBytes, totalFiles } = this.#progress;
    const completed = { completedBytes: totalBytes, completedFiles: totalFiles };
    this.#update({ phase: "finalizing", ...completed, bytesPerSecond: 0, activeFiles: [] }, true);
  }

  #update(changes: Partial<DownloadProgress>, now = false): void {
    const next = { ...this.#progress, ...changes };
    this.#progress = { ...next, completedBytes: Math.min(next.completedBytes, next.totalBytes) };
    const time = this.#clock.monotonic();
    if (this.#listener === undefined || (!now && time - this.#emittedAt < intervalMs)) return;
    this.#emittedAt = time;
    this.#listener(this.#progress);
  }
}
