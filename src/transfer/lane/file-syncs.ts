import { closeSync, fchmodSync, fstatSync, fsync } from "node:fs";
import type { SyncedFile } from "../transfer-types.ts";
import { diskFailure } from "./disk-failure.ts";
import type { LaneEvent } from "./lane-messages.ts";

interface Waiting extends SyncedFile {
  readonly path: string;
  readonly fd: number;
}

const permissionBits = 0o777n;

/**
 * Makes the files durable that a lane made itself: it has them open, where anybody else would have to look them up, open them and close
 * them again, which for small files costs more than reading them. Syncs run beside the reads, a few at a time.
 */
export class FileSyncs {
  readonly #mode: number;
  readonly #limit: number;
  readonly #emit: (event: Extract<LaneEvent, { type: "synced" | "unsynced" }>) => void;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  /** `mode`: permission bits of a finished file. `limit`: syncs under way at a time. */
  constructor(mode: number, limit: number, emit: (event: Extract<LaneEvent, { type: "synced" | "unsynced" }>) => void) {
    this.#mode = mode;
    this.#limit = limit;
    this.#emit = emit;
  }

  /** Takes over the descriptor of a whole file of `size` bytes; tells when its data is durable. Throws ReadFailureError. */
  add(path: string, fd: number, size: number, head: string): void {
    try {
      const { mode, mtimeNs, ino, size: found } = fstatSync(fd, { bigint: true });
      if (found !== BigInt(size)) throw new Error(`it has ${found} bytes instead of ${size}`);
      if ((mode & permissionBits) !== BigInt(this.#mode)) this.#protect(fd);
      this.#waiting.push({ path, fd, mtimeNs: String(mtimeNs), inode: String(ino), head });
    } catch (error) {
      closeSync(fd);
      throw diskFailure(error, path);
    }
    this.#next();
  }

  /** Network and FUSE file systems without modes refuse to set one; the file is as good without it. */
  #protect(fd: number): void {
    try {
      fchmodSync(fd, this.#mode);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(code)) throw error;
    }
  }

  #next(): void {
    while (this.#running < this.#limit) {
      const file = this.#waiting.shift();
      if (file === undefined) return;
      this.#running += 1;
      fsync(file.fd, (error) => {
        this.#running -= 1;
        this.#settle(file, error);
        this.#next();
      });
    }
  }

  #settle({ path, fd, mtimeNs, inode, head }: Waiting, error: Error | null): void {
    try {
      closeSync(fd);
      if (error !== null) throw error;
      this.#emit({ type: "synced", path, mtimeNs, inode, head });
    } catch (cause) {
      this.#emit({ type: "unsynced", path, failure: diskFailure(cause, path).failure });
    }
  }

  /** Closes what was not begun. */
  close(): void {
    for (const { fd } of this.#waiting.splice(0)) closeSync(fd);
  }
}
