import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FolderListing } from "./folder-state.ts";

/** Manifest files by their name: YAML or JSON, and none of the files that editors keep beside the one they edit. */
export function isManifestName(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name) && !/^[.#~_]/.test(name);
}

/**
 * The manifest files directly in a folder, with a stamp of each. Symbolic links to files count as files, because mounted
 * configuration looks like that. Throws when the folder cannot be read.
 */
export async function listFolder(directory: string): Promise<FolderListing> {
  const names = (await readdir(directory)).filter(isManifestName).sort();
  const listing = new Map<string, string>();
  for (const name of names) {
    const stats = await stat(join(directory, name)).catch(() => undefined);
    if (stats?.isFile()) listing.set(name, `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`);
  }
  return listing;
}
