import type { BigIntStats, Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { throwIfAborted } from "../../cancellation.ts";
import { compareKeys } from "../../key-order.ts";
import { localError, onDisk } from "./errors.ts";
import { isWithin, type LocalRoot } from "./local-root.ts";

/** A regular file that a walk found. */
export interface WalkedFile {
  readonly key: string;
  readonly stats: BigIntStats;
}

export interface WalkOptions {
  readonly root: LocalRoot;
  readonly signal: AbortSignal | undefined;
  /** Directories whose keys all come before this one are skipped. */
  readonly startAfter: string | undefined;
  /** Called for each directory with its key, ending in `/`; it is not entered when the answer is false. */
  readonly enter: (directoryKey: string) => Promise<boolean>;
}

/** A directory on the way down. `real` is its path without symbolic links. */
interface Place {
  readonly path: string;
  readonly real: string;
  readonly key: string;
}

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly real: string;
  readonly stats: BigIntStats;
}

/**
 * Every regular file below a directory whose name there starts with `namePrefix`, in key order, one directory in memory at a
 * time. Sockets, pipes and devices are no objects and are left out.
 */
export async function* walkDirectory(
  place: { readonly path: string; readonly key: string },
  namePrefix: string,
  options: WalkOptions,
): AsyncGenerator<WalkedFile> {
  const real = await options.root.resolveLinks("list", place.path);
  yield* walk({ ...place, real }, namePrefix, options);
}

async function* walk(place: Place, namePrefix: string, options: WalkOptions): AsyncGenerator<WalkedFile> {
  for (const entry of await readEntries(place, namePrefix, options)) {
    throwIfAborted(options.signal, "list", place.path);
    const key = place.key + entry.name;
    if (entry.stats.isFile()) {
      yield { key, stats: entry.stats };
      continue;
    }
    const directoryKey = `${key}/`;
    const { startAfter } = options;
    const behind = startAfter !== undefined && compareKeys(directoryKey, startAfter) < 0;
    if (behind && !startAfter.startsWith(directoryKey)) continue;
    if (await options.enter(directoryKey)) {
      yield* walk({ path: entry.path, real: entry.real, key: directoryKey }, "", options);
    }
  }
}

/** Files and directories of one directory, in the order in which their keys come: a directory sorts as `name/`. */
async function readEntries(place: Place, namePrefix: string, options: WalkOptions): Promise<Entry[]> {
  throwIfAborted(options.signal, "list", place.path);
  const found = await onDisk("list", place.path, () => readdir(place.path, { withFileTypes: true }));
  const entries: Entry[] = [];
  for (const dirent of found) {
    if (!dirent.name.startsWith(namePrefix)) continue;
    const entry = await describe(place, dirent, options.root);
    if (entry.stats.isFile() || entry.stats.isDirectory()) entries.push(entry);
  }
  const order = (entry: Entry): string => (entry.stats.isDirectory() ? `${entry.name}/` : entry.name);
  return entries.sort((left, right) => compareKeys(order(left), order(right)));
}

async function describe(place: Place, dirent: Dirent, root: LocalRoot): Promise<Entry> {
  const { name } = dirent;
  const path = join(place.path, name);
  if (name.includes("\ufffd")) await refuseUnreadableName(path);
  if (!dirent.isSymbolicLink()) {
    const stats = await onDisk("list", path, () => stat(path, { bigint: true }));
    return { name, path, real: join(place.real, name), stats };
  }
  const real = await root.resolveLinks("list", path);
  if (isWithin(real, place.real)) {
    const hint = "Remove the link.";
    throw localError("unsafe_path", "list", path, "the symbolic link leads to a directory that holds it", hint);
  }
  const stats = await onDisk("list", path, () => stat(real, { bigint: true }));
  return { name, path, real, stats };
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
