import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";

/**
 * Whether a directory's file system takes names that differ by case or Unicode form only for one name. Makes a file and
 * removes it.
 */
export async function probeFolding(directory: string, fileSystem: FileSystem = nodeFileSystem): Promise<boolean> {
  const name = randomBytes(6).toString("hex");
  const made = join(directory, `probe-\u00e9-${name}`);
  const others = [join(directory, `PROBE-\u00e9-${name}`), join(directory, `probe-e\u0301-${name}`)];
  try {
    await (await fileSystem.open(made, "wx")).close();
    for (const other of others) if (await exists(fileSystem, other)) return true;
    return false;
  } catch (error) {
    throw diskError(error, "write to", directory);
  } finally {
    await fileSystem.rm(made, { force: true });
  }
}

async function exists(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
