import { StorageError } from "../errors.ts";
import { foldName } from "./safe-path.ts";

/** Two files of one model that cannot both lie below one destination. */
export interface PathConflict {
  /**
   * `duplicate`: the same path twice. `file-and-directory`: `a` and `a/b`. `folded`: paths that differ by case or
   * Unicode form only, which is a conflict on file systems that ignore the difference.
   */
  readonly kind: "duplicate" | "file-and-directory" | "folded";
  readonly first: string;
  readonly second: string;
}

/** Finds conflicts among safe paths: first those that no file system can hold, then the folded ones. */
export function findPathConflicts(paths: readonly string[]): readonly PathConflict[] {
  const exact = clashes(paths, (path) => path);
  const folded = clashes(paths, foldName)
    .filter(({ first, second }) => !isExact(first, second))
    .map((clash) => ({ ...clash, kind: "folded" as const }));
  return [...exact, ...folded];
}

function isExact(first: string, second: string): boolean {
  return first === second || first.startsWith(`${second}/`) || second.startsWith(`${first}/`);
}

/** Linear in the total length of the paths. */
function clashes(paths: readonly string[], fold: (path: string) => string): PathConflict[] {
  const files = new Map<string, string>();
  const found: PathConflict[] = [];
  for (const path of paths) {
    const key = fold(path);
    const twin = files.get(key);
    if (twin === undefined) files.set(key, path);
    else found.push({ kind: "duplicate", first: twin, second: path });
  }
  for (const path of paths) {
    const key = fold(path);
    for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1)) {
      const file = files.get(key.slice(0, slash));
      if (file !== undefined) found.push({ kind: "file-and-directory", first: file, second: path });
    }
  }
  return found;
}

const reasons: Readonly<Record<PathConflict["kind"], string>> = {
  duplicate: "are the same path",
  "file-and-directory": "need one name as a file and as a directory",
  folded: "differ by case or Unicode form only, and the destination's file system ignores the difference",
};

/** The error for a conflict that this destination cannot hold. */
export function pathConflictError({ kind, first, second }: PathConflict, target: string): StorageError {
  return new StorageError({
    code: "unsafe_path",
    operation: "place",
    target,
    detail: `${JSON.stringify(first)} and ${JSON.stringify(second)} ${reasons[kind]}`,
    hint: "Leave one of them out with an exclude pattern, or choose a destination on another file system.",
  });
}
