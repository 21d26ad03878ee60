import { join } from "node:path";
import { diskError } from "./disk-error.ts";
import type { FileRecord } from "./file-record.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";
import { forEachParallel } from "./for-each-parallel.ts";

/** `intact`: untouched since it was recorded. `changed`: something is there and has to be read to know. `missing`: nothing is. */
export type FileState = "intact" | "changed" | "missing";

const parallelStats = 32;

/**
 * The fast check: one `lstat` per file, no content read. A file is intact while its size, modification time and inode are
 * the recorded ones, so in-place changes, copies and restores from a backup show.
 * @returns The state of every path.
 */
export async function checkFiles(
  destination: string,
  records: Iterable<FileRecord>,
  options: { readonly signal?: AbortSignal | undefined; readonly fileSystem?: FileSystem | undefined } = {},
): Promise<ReadonlyMap<string, FileState>> {
  const { signal, fileSystem = nodeFileSystem } = options;
  const states = new Map<string, FileState>();
  const check = async (record: FileRecord): Promise<void> => {
    states.set(record.path, await stateOf(fileSystem, join(destination, record.path), record));
  };
  await forEachParallel(records, parallelStats, check, signal);
  return states;
}

async function stateOf(fileSystem: FileSystem, path: string, record: FileRecord): Promise<FileState> {
  try {
    const found = await fileSystem.lstat(path, { bigint: true });
    const untouched =
      found.isFile() &&
      found.size === BigInt(record.size) &&
      String(found.mtimeNs) === record.mtimeNs &&
      String(found.ino) === record.inode;
    return untouched ? "intact" : "changed";
  } catch (error) {
    if (isMissing(error)) return "missing";
    throw diskError(error, "check", path);
  }
}
