import { compareKeys } from "./key-order.ts";

/** A file or a directory, as one directory names it. */
export type TreeEntry<Leaf, Branch> =
  | { readonly kind: "file"; readonly name: string; readonly leaf: Leaf }
  | { readonly kind: "directory"; readonly name: string; readonly branch: Branch };

export interface WalkTreeOptions<Leaf, Branch> {
  /** Entries of one directory, in any order; `key` is the directory's, empty or ending in `/`. */
  readonly readEntries: (branch: Branch, key: string) => Promise<readonly TreeEntry<Leaf, Branch>[]>;
  /** Keys up to this one are not wanted; directories that hold no others are not read. */
  readonly startAfter?: string | undefined;
  /** Called for each directory with its key; it is not read when the answer is false. */
  readonly enter?: ((key: string, branch: Branch) => Promise<boolean>) | undefined;
}

export interface WalkedLeaf<Leaf> {
  readonly key: string;
  readonly leaf: Leaf;
}

/**
 * Every file below a directory whose name there starts with `namePrefix`, in key order, with one directory per level in
 * memory.
 */
export async function* walkTree<Leaf, Branch>(
  branch: Branch,
  key: string,
  namePrefix: string,
  options: WalkTreeOptions<Leaf, Branch>,
): AsyncGenerator<WalkedLeaf<Leaf>> {
  const { startAfter, enter } = options;
  const entries = (await options.readEntries(branch, key)).filter((entry) => entry.name.startsWith(namePrefix));
  for (const entry of entries.sort((left, right) => compareKeys(keyName(left), keyName(right)))) {
    const entryKey = key + keyName(entry);
    if (entry.kind === "file") {
      yield { key: entryKey, leaf: entry.leaf };
      continue;
    }
    const before = startAfter !== undefined && compareKeys(entryKey, startAfter) < 0;
    if (before && !startAfter.startsWith(entryKey)) continue;
    if (enter !== undefined && !(await enter(entryKey, entry.branch))) continue;
    yield* walkTree(entry.branch, entryKey, "", options);
  }
}

/** The part of a key that an entry stands for: a directory sorts as `name/`, behind `name.txt`. */
function keyName(entry: TreeEntry<unknown, unknown>): string {
  return entry.kind === "directory" ? `${entry.name}/` : entry.name;
}
