/** What a download tells its watchers. Emitted by delivery, drawn by the command line, published by the agent. */
export interface DownloadProgress {
  readonly phase: "scanning" | "downloading" | "finalizing";
  readonly totalBytes: number;
  /** Bytes that are on disk and accounted for, resumed ones included; never more than `totalBytes`. */
  readonly completedBytes: number;
  readonly totalFiles: number;
  readonly completedFiles: number;
  /** Bytes per second over the last few seconds, 0 before the first measurement. */
  readonly bytesPerSecond: number;
  /** Files being written now, largest first, at most 32 of them. */
  readonly activeFiles: readonly FileProgress[];
}

export interface FileProgress {
  readonly path: string;
  readonly size: number;
  readonly completedBytes: number;
}

export type ProgressListener = (progress: DownloadProgress) => void;
