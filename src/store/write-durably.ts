import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import type { FileSystem } from "./file-system.ts";

/** Writes a small file whole or not at all: a name of its own, data fsync, rename, directory fsync. */
export async function writeDurably(fileSystem: FileSystem, path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = await fileSystem.open(temporary, "wx", 0o644);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await fileSystem.rm(temporary, { force: true });
    throw diskError(error, "write", path);
  }
  await syncDirectories(fileSystem, [dirname(path)]);
}
