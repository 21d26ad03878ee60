import { fdatasync } from "node:fs";
import { StorageError } from "../../errors.ts";
import { diskFailure } from "../lane/disk-failure.ts";

/** A file that is being written. */
export interface WrittenFile {
  readonly fd: number | undefined;
  readonly stagedPath: string;
}

/**
 * Has the disk write large files while they come in, so that their last sync does not find all of it still to be written: the kernel by
 * itself begins when a tenth of the memory is dirty, which on a node for models may be a hundred gigabytes. One sync at a time: each
 * holds a thread of Node's pool.
 */
export class WriteBehind {
  readonly #threshold: number;
  readonly #fail: (error: StorageError) => void;
  readonly #unsynced = new Map<WrittenFile, number>();
  #running: { readonly file: WrittenFile; readonly ended: Promise<void> } | undefined;

  /** `threshold`: bytes of a file that are left to the kernel. `fail`: a sync failed, and what was written since the last one may be lost. */
  constructor(threshold: number, fail: (error: StorageError) => void) {
    this.#threshold = threshold;
    this.#fail = fail;
  }

  /** Bytes of the file were written. */
  wrote(file: WrittenFile, bytes: number): void {
    if (file.fd === undefined) return;
    const unsynced = (this.#unsynced.get(file) ?? 0) + bytes;
    this.#unsynced.set(file, unsynced);
    if (unsynced < this.#threshold || this.#running !== undefined) return;
    this.#unsynced.set(file, 0);
    this.#running = { file, ended: this.#sync(file.fd, file.stagedPath) };
  }

  #sync(fd: number, path: string): Promise<void> {
    return new Promise((resolve) => {
      fdatasync(fd, (error) => {
        this.#running = undefined;
        resolve();
        // Whoever syncs the file after this one would be told of a success.
        if (error !== null) this.#fail(failureOf(error, path));
      });
    });
  }

  /** Resolves when nothing uses the file's descriptor any more; it may be closed then. */
  async release(file: WrittenFile): Promise<void> {
    this.#unsynced.delete(file);
    while (this.#running?.file === file) await this.#running.ended;
  }
}

function failureOf(cause: Error, path: string): StorageError {
  const { error } = diskFailure(cause, path).failure;
  if (error === undefined) throw cause;
  return new StorageError(error);
}
