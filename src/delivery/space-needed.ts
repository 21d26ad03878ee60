import { StorageError } from "../errors.ts";
import type { FileSystem } from "../store/file-system.ts";
import { readDiskSpace } from "../store/space.ts";
import { stagedBytes } from "../store/staging.ts";
import { formatBytes } from "../telemetry/human-format.ts";

/** Smallest piece of disk that a file occupies on common file systems, in bytes. */
const blockBytes = 4096;
/** For the proof, the journal and directories. */
const overheadBytes = 4 * 1024 * 1024;

export interface SpaceNeeded {
  /** Bytes that the delivery still has to find room for. */
  readonly neededBytes: number;
  /** Undefined where the file system does not tell. */
  readonly freeBytes: number | undefined;
  readonly freeFiles: number | undefined;
  readonly files: number;
}

/** What files of these sizes need on the destination's file system, unfinished ones of an earlier attempt counted. */
export async function spaceNeeded(
  destination: string,
  sizes: readonly number[],
  fileSystem: FileSystem,
): Promise<SpaceNeeded> {
  let bytes = sizes.length === 0 ? 0 : overheadBytes;
  for (const size of sizes) bytes += Math.ceil(size / blockBytes) * blockBytes;
  const staged = await stagedBytes(destination, fileSystem);
  const space = await readDiskSpace(destination, fileSystem);
  return {
    neededBytes: Math.max(0, bytes - staged),
    freeBytes: space?.freeBytes,
    freeFiles: space?.freeFiles,
    files: sizes.length,
  };
}

/** Throws `no_space` with what is needed, what is free and where, before the first byte is fetched. */
export function requireSpace(destination: string, { neededBytes, freeBytes, freeFiles, files }: SpaceNeeded): void {
  if (freeBytes !== undefined && neededBytes > freeBytes) {
    throw noSpace(destination, `${formatBytes(neededBytes)} are needed and ${formatBytes(freeBytes)} are free`);
  }
  if (freeFiles !== undefined && files > freeFiles) {
    throw noSpace(destination, `${files} files are needed and the file system has room for ${freeFiles}`);
  }
}

function noSpace(destination: string, detail: string): StorageError {
  return new StorageError({
    code: "no_space",
    operation: "make room at",
    target: destination,
    detail,
    hint: "Free some space, choose another destination, or leave files out with exclude patterns.",
  });
}
