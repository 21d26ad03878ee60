import { basename, dirname, join } from "node:path";
import { anchorDirectory } from "./anchored-directory.ts";
import { syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";
import { safePath } from "./safe-path.ts";

/**
 * Removes files below a destination and the directories that only they needed, durably. A path that leads through a
 * symbolic link is left alone. Returns how many files went.
 */
export async function removeFiles(
  destination: string,
  paths: Iterable<string>,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<number> {
  const changed = new Set<string>();
  let removed = 0;
  try {
    const realDestination = await fileSystem.realpath(destination);
    for (const path of paths) {
      const directory = join(realDestination, dirname(safePath(path)));
      if (!(await removeFrom(fileSystem, directory, basename(path)))) continue;
      removed += 1;
      changed.add(await removeEmptyUpTo(fileSystem, directory, realDestination));
    }
    const remaining: string[] = [];
    for (const directory of changed) if (await isReal(fileSystem, directory)) remaining.push(directory);
    await syncDirectories(fileSystem, remaining);
    return removed;
  } catch (error) {
    throw diskError(error, "remove files below", destination);
  }
}

/** False when the directory does not exist, or is reached through a link. */
async function removeFrom(fileSystem: FileSystem, directory: string, name: string): Promise<boolean> {
  if (!(await isReal(fileSystem, directory))) return false;
  const held = await anchorDirectory(fileSystem, directory);
  try {
    if (held.real !== undefined && held.real !== directory) return false;
    await fileSystem.rm(join(held.path, name), { force: true });
    return true;
  } finally {
    await held.release();
  }
}

/** False for a directory that does not exist, or that is reached through a link. */
async function isReal(fileSystem: FileSystem, directory: string): Promise<boolean> {
  try {
    return (await fileSystem.realpath(directory)) === directory;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes empty directories from here upwards; returns the first one that stays. */
async function removeEmptyUpTo(fileSystem: FileSystem, directory: string, top: string): Promise<string> {
  let place = directory;
  while (place !== top) {
    try {
      await fileSystem.rmdir(place);
    } catch {
      return place;
    }
    place = dirname(place);
  }
  return place;
}
