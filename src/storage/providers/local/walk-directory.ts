import type { BigIntStats, Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../../cancellation.ts";
import { type TreeEntry, type WalkedLeaf, type WalkTreeOptions, walkTree } from "../../walk-tree.ts";
import { localError, onDisk } from "./errors.ts";
import { isWithin, type LocalRoot } from "./local-root.ts";

/** A directory on the way down. */
interface Place {
  readonly path: string;
  /** The path without symbolic links. */
  readonly real: string;
}

export interface WalkDirectoryOptions extends Pick<WalkTreeOptions<BigIntStats, Place>, "startAfter" | "enter"> {
  readonly root: LocalRoot;
  readonly signal: AbortSignal | undefined;
}

/**
 * Every regular file below a directory whose name there starts with `namePrefix`, in key order. Symbolic links are
 * followed as far as the root allows; sockets, pipes and devices are no objects and are left out.
 */
export async function* walkDirectory(
  directory: { readonly path: string; readonly key: string },
  namePrefix: string,
  options: WalkDirectoryOptions,
): AsyncGenerator<WalkedLeaf<BigIntStats>> {
  const place: Place = { path: directory.path, real: await options.root.resolveLinks("list", directory.path) };
  yield* walkTree(place, directory.key, namePrefix, {
    ...options,
    readEntries: (branch) => readEntries(branch, options),
  });
}

async function readEntries(place: Place, options: WalkDirectoryOptions): Promise<TreeEntry<BigIntStats, Place>[]> {
  const found = await onDisk("list", place.path, () => readdir(place.path, { withFileTypes: true }));
  const entries: TreeEntry<BigIntStats, Place>[] = [];
  for (const dirent of found) {
    throwIfAborted(options.signal, "list", place.path);
    const entry = await describe(place, dirent, options.root);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function describe(
  place: Place,
  dirent: Dirent,
  root: LocalRoot,
): Promise<TreeEntry<BigIntStats, Place> | undefined> {
  const { name } = dirent;
  const path = join(place.path, name);
  if (name.includes("\ufffd")) await refuseUnreadableName(path);
  const real = dirent.isSymbolicLink() ? await root.resolveLinks("list", path) : join(place.real, name);
  if (isWithin(real, place.real)) {
    const hint = "Remove the link.";
    throw localError("unsafe_path", "list", path, "the symbolic link leads to a directory that holds it", hint);
  }
  if (!dirent.isSymbolicLink() && dirent.isDirectory()) return { kind: "directory", name, branch: { path, real } };
  const stats = await onDisk("list", path, () => stat(path, { bigint: true }));
  if (stats.isDirectory()) return { kind: "directory", name, branch: { path, real } };
  return stats.isFile() ? { kind: "file", name, leaf: stats } : undefined;
}

/** A name that is no UTF-8 comes with replacement characters, and then names nothing. */
async function refuseUnreadableName(path: string): Promise<void> {
  try {
    await stat(path);
  } catch {
    const hint = "Rename the file: object keys are UTF-8.";
    throw localError("unsafe_path", "list", path, "the name is not UTF-8", hint);
  }
}
