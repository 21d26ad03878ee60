import { readdir, readlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { metadataDirectoryName } from "../../store/layout.ts";

/** Folders below the root that are searched: deeper than any layout of models that is in use. */
const deepest = 8;

/**
 * Symbolic links below a root that lead to a directory or into it, whoever made them. Directories that cannot be read, and what
 * links themselves lead to, are left out.
 */
export async function findLinks(root: string, target: string, signal: AbortSignal): Promise<readonly string[]> {
  const found: string[] = [];
  const search = async (directory: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isSymbolicLink()) {
        const leadsTo = resolve(dirname(path), await readlink(path).catch(() => ""));
        if (leadsTo === target || leadsTo.startsWith(`${target}/`)) found.push(path);
      } else if (entry.isDirectory() && path !== target && entry.name !== metadataDirectoryName && depth < deepest) {
        await search(path, depth + 1);
      }
    }
  };
  await search(root, 0);
  return found;
}
