import { randomBytes } from "node:crypto";
import { closeSync, constants, ftruncateSync, lstatSync, openSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { StorageError } from "../../errors.ts";
import { diskFailure } from "../lane/disk-failure.ts";
import { createFlags } from "../lane/part-sink.ts";

const suffix = ".part";
const journalName = "journal";

/** What `stat` says of a staged file. */
export interface StagedStat {
  readonly size: number;
  readonly mtimeNs: string;
  readonly inode: string;
}

/** Names, makes, opens and removes staged files. Throws StorageError. */
export class Staging {
  readonly directory: string;
  readonly #prefix = randomBytes(12).toString("hex");
  #count = 0;

  constructor(directory: string) {
    this.directory = directory;
  }

  get journalPath(): string {
    return join(this.directory, journalName);
  }

  /** A path that nobody else uses, not even a writer that ignores the lease. */
  newPath(): string {
    this.#count += 1;
    return join(this.directory, `${this.#prefix}-${this.#count}${suffix}`);
  }

  pathOf(name: string): string {
    return join(this.directory, basename(name));
  }

  /** Makes a staged file of its full size, without holes being filled. */
  create(path: string, size: number): number {
    return this.#attempt(path, () => {
      const fd = openSync(path, createFlags, 0o600);
      this.#resize(fd, size);
      return fd;
    });
  }

  /** Opens a staged file to read what is in it. */
  openToRead(path: string): number {
    return this.#attempt(path, () => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  }

  /** Opens a staged file that is there already. */
  open(path: string): number {
    return this.#attempt(path, () => openSync(path, constants.O_RDWR | constants.O_NOFOLLOW));
  }

  /** Empties a staged file and gives it its full size again. */
  clear(path: string, fd: number, size: number): void {
    this.#attempt(path, () => {
      ftruncateSync(fd, 0);
      ftruncateSync(fd, size);
    });
  }

  #resize(fd: number, size: number): void {
    try {
      if (size > 0) ftruncateSync(fd, size);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  #attempt<T>(path: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      const { failure } = diskFailure(error, path);
      throw failure.error === undefined ? error : new StorageError(failure.error);
    }
  }

  /** Undefined when it is not there, or not a plain file. */
  stat(path: string): StagedStat | undefined {
    const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return undefined;
    return { size: Number(found.size), mtimeNs: String(found.mtimeNs), inode: String(found.ino) };
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  /** Removes every staged file that is not among `keep` (names, not paths): leftovers that nobody can continue. */
  async sweep(keep: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.directory)) {
      if (name.endsWith(suffix) && !keep.has(name)) await rm(join(this.directory, name), { force: true });
    }
  }
}
