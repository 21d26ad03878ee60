import { constants } from "node:fs";
import { dirname, join } from "node:path";
import { StorageError } from "../errors.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, systemErrorCode } from "./file-system.ts";

const directoryMode = 0o755;

/**
 * Makes the directories between the destination and a file, one at a time, refusing to go through anything that is not a
 * real directory. `verified` holds directories already looked at; keep it no longer than one batch, so that a link put
 * in later is seen. Directories whose entries changed are added to `changed`.
 */
export async function makeParents(
  fileSystem: FileSystem,
  destination: string,
  path: string,
  verified: Set<string>,
  changed: Set<string>,
): Promise<void> {
  const segments = path.split("/").slice(0, -1);
  let directory = destination;
  for (const segment of segments) {
    const parent = directory;
    directory = join(parent, segment);
    if (verified.has(directory)) continue;
    while (!(await makeDirectory(fileSystem, directory, parent, changed))) {
      // It was there and is gone: a former writer cleared it away just now.
    }
    verified.add(directory);
  }
}

/** False when another process removed the directory in between. */
async function makeDirectory(
  fileSystem: FileSystem,
  directory: string,
  parent: string,
  changed: Set<string>,
): Promise<boolean> {
  try {
    await fileSystem.mkdir(directory, { mode: directoryMode });
    changed.add(parent);
    return true;
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw diskError(error, "create directory", directory);
  }
  try {
    const found = await fileSystem.lstat(directory);
    if (!found.isDirectory()) throw notADirectory(directory, found.isSymbolicLink());
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw diskError(error, "look at", directory);
  }
}

/** Makes the metadata directory and what is above it; the destination itself may be reached through links. */
export async function makeMetadata(fileSystem: FileSystem, metadata: string): Promise<void> {
  const destination = dirname(metadata);
  try {
    const made = await fileSystem.mkdir(destination, { recursive: true, mode: directoryMode });
    if (made !== undefined) await syncUpwards(fileSystem, destination, dirname(made));
  } catch (error) {
    throw diskError(error, "create directory", destination);
  }
  const changed = new Set<string>();
  await makeParents(fileSystem, destination, `${metadata.slice(destination.length + 1)}/x`, new Set(), changed);
  await syncDirectories(fileSystem, changed);
}

async function syncUpwards(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  const chain: string[] = [];
  for (let directory = dirname(from); directory.length >= to.length; directory = dirname(directory)) {
    chain.push(directory);
    if (directory === dirname(directory)) break;
  }
  await syncDirectories(fileSystem, chain);
}

const cannotSync: ReadonlySet<string | undefined> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EACCES"]);

/**
 * Makes changed entries of directories durable. A file system that cannot sync a directory, and a directory that may be
 * written but not read, are taken at their word.
 */
export async function syncDirectories(fileSystem: FileSystem, directories: Iterable<string>): Promise<void> {
  for (const directory of new Set(directories)) {
    try {
      const handle = await fileSystem.open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (cannotSync.has(systemErrorCode(error))) continue;
      throw diskError(error, "sync directory", directory);
    }
  }
}

function notADirectory(path: string, link: boolean): StorageError {
  return new StorageError({
    code: "unsafe_path",
    operation: "create directory",
    target: path,
    detail: link ? "a symbolic link stands where a directory belongs" : "a file stands where a directory belongs",
    hint: "Move it away, or choose another destination.",
  });
}
