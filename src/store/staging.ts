import { join } from "node:path";
import { makeParents, syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";
import { layoutOf, metadataDirectoryName } from "./layout.ts";

/**
 * Gives one writer a staging directory of its own name, with what an interrupted writer left in it. Taking over is a
 * rename, so that two writers never share a directory even where leases fail: the slower one finds its paths gone.
 * @param destination - Absolute path, with its metadata directory.
 * @param name - Unique name of this writer.
 * @returns The absolute staging directory.
 */
export async function claimStaging(
  destination: string,
  name: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<string> {
  const { staging } = layoutOf(destination);
  const own = join(staging, name);
  try {
    const changed = new Set<string>();
    await makeParents(fileSystem, destination, `${metadataDirectoryName}/staging/x`, new Set(), changed);
    const [newest, ...older] = await leftovers(fileSystem, staging);
    if (newest === undefined || !(await renamed(fileSystem, newest, own))) await fileSystem.mkdir(own);
    for (const path of older) await fileSystem.rm(path, { recursive: true, force: true });
    await syncDirectories(fileSystem, changed.add(staging));
    return own;
  } catch (error) {
    throw diskError(error, "prepare", staging);
  }
}

/** Bytes of unfinished files on disk, holes not counted: what an interrupted delivery need not find room for again. */
export async function stagedBytes(destination: string, fileSystem: FileSystem = nodeFileSystem): Promise<number> {
  let total = 0;
  const { staging } = layoutOf(destination);
  for (const directory of await leftovers(fileSystem, staging)) {
    for (const entry of await fileSystem.readdir(directory, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      try {
        total += (await fileSystem.lstat(join(entry.parentPath, entry.name))).blocks * 512;
      } catch (error) {
        if (!isMissing(error)) throw diskError(error, "measure", staging);
      }
    }
  }
  return total;
}

/** Removes all staged files of a destination, once its proof made them worthless. */
export async function removeStaging(destination: string, fileSystem: FileSystem = nodeFileSystem): Promise<void> {
  const { staging, metadata } = layoutOf(destination);
  try {
    await fileSystem.rm(staging, { recursive: true, force: true });
    await syncDirectories(fileSystem, [metadata]);
  } catch (error) {
    throw diskError(error, "remove", staging);
  }
}

/** Staging directories of earlier writers, the latest first. */
async function leftovers(fileSystem: FileSystem, staging: string): Promise<readonly string[]> {
  try {
    const found: { path: string; changedAt: number }[] = [];
    for (const entry of await fileSystem.readdir(staging, { withFileTypes: true })) {
      const path = join(staging, entry.name);
      if (entry.isDirectory()) found.push({ path, changedAt: (await fileSystem.lstat(path)).mtimeMs });
    }
    return found.sort((a, b) => b.changedAt - a.changedAt).map(({ path }) => path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw diskError(error, "read", staging);
  }
}

async function renamed(fileSystem: FileSystem, from: string, to: string): Promise<boolean> {
  try {
    await fileSystem.rename(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
