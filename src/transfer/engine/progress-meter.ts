import type { TransferProgress } from "../transfer-types.ts";
import type { FileTask } from "./file-task.ts";

/** Rates are averaged over about this long, in milliseconds. */
const rateWindowMs = 3000;
const maxActiveFiles = 32;

/** Adds up what the transfer did so far. Times in monotonic milliseconds. */
export class ProgressMeter {
  fetchedBytes = 0;
  resumedBytes = 0;
  completedFiles = 0;
  /** Bytes of published files. */
  #publishedBytes = 0;
  #samples: { readonly at: number; readonly fetched: number }[] = [];

  published(bytes: number): void {
    this.completedFiles += 1;
    this.#publishedBytes += bytes;
  }

  /** The picture now. */
  progress(open: Iterable<FileTask>, now: number): TransferProgress {
    this.#samples.push({ at: now, fetched: this.fetchedBytes });
    this.#samples = this.#samples.filter(({ at }) => now - at <= rateWindowMs);
    const [first] = this.#samples;
    const elapsed = now - (first?.at ?? now);
    const activeFiles = [...open].map(({ file, completedBytes }) => ({
      path: file.path,
      size: file.size,
      completedBytes,
    }));
    return {
      completedBytes: activeFiles.reduce((sum, file) => sum + file.completedBytes, this.#publishedBytes),
      fetchedBytes: this.fetchedBytes,
      resumedBytes: this.resumedBytes,
      completedFiles: this.completedFiles,
      bytesPerSecond: elapsed > 0 ? ((this.fetchedBytes - (first?.fetched ?? 0)) / elapsed) * 1000 : 0,
      activeFiles: activeFiles.sort((a, b) => b.size - a.size).slice(0, maxActiveFiles),
    };
  }
}
