import { dirname } from "node:path";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";

/** Room on the file system that holds a path, in bytes. */
export interface DiskSpace {
  /** What this user may still write (the share kept for root is not counted). */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Free inodes; undefined on file systems that make them as needed. */
  readonly freeFiles: number | undefined;
}

/** Asks the file system of the path, or of its nearest parent that exists. Undefined where the file system does not tell. */
export async function readDiskSpace(
  path: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<DiskSpace | undefined> {
  for (let place = path; ; place = dirname(place)) {
    try {
      const { bsize, bavail, blocks, files, ffree } = await fileSystem.statfs(place, { bigint: true });
      if (blocks === 0n) return undefined;
      return {
        freeBytes: Number(bavail * bsize),
        totalBytes: Number(blocks * bsize),
        freeFiles: files === 0n ? undefined : Number(ffree),
      };
    } catch (error) {
      if (!isMissing(error) || place === dirname(place)) throw diskError(error, "ask for free space on", path);
    }
  }
}
