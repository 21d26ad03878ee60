import { randomBytes } from "node:crypto";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createFlags } from "../lane/part-sink.ts";

/** Names, makes and removes staged files. */
export class Staging {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** A path that nobody else uses, not even a writer that ignores the lease. */
  newPath(): string {
    return join(this.directory, `${randomBytes(9).toString("base64url")}.part`);
  }

  /** Makes a staged file of its full size. Throws the file system's error. */
  create(path: string, size: number): number {
    const fd = openSync(path, createFlags, 0o600);
    try {
      ftruncateSync(fd, size);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return fd;
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }
}
