import { findDuplicateWeights } from "./duplicate-weights.ts";
import { compileGlob, type SelectionRules } from "./selection-rules.ts";

export interface SelectableFile {
  /** Separated by `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** A file that is not wanted, and why, for people. */
export interface SkippedFile extends SelectableFile {
  readonly reason: string;
}

export interface Selection<File extends SelectableFile> {
  readonly selected: readonly File[];
  readonly skipped: readonly SkippedFile[];
}

export interface SelectOptions extends Partial<SelectionRules> {
  /** Folder or file that the selection stays in; globs are matched against the path below it. */
  readonly subPath?: string | undefined;
}

/**
 * Chooses the files of a model: those of `subPath` that an include glob takes (all without one) and no exclude glob, and
 * under the preset `auto` no duplicates of weights. Order is kept; choosing from the chosen changes nothing.
 *
 * @throws StorageError `config_invalid` for a glob that can match no path.
 */
export function selectFiles<File extends SelectableFile>(
  files: readonly File[],
  options: SelectOptions = {},
): Selection<File> {
  const judge = createJudge(options);
  const reasons = new Map(files.flatMap((file) => judgement(file.path, judge(file.path))));
  if (options.weights === "auto") {
    const candidates = files.map(({ path }) => path).filter((path) => !reasons.has(path));
    for (const [path, reason] of findDuplicateWeights(candidates)) reasons.set(path, reason);
  }
  return {
    selected: files.filter(({ path }) => !reasons.has(path)),
    skipped: files.flatMap(({ path, size }) => {
      const reason = reasons.get(path);
      return reason === undefined ? [] : [{ path, size, reason }];
    }),
  };
}

/** Why a path is not wanted; undefined when it is. */
function createJudge({
  include = [],
  exclude = [],
  subPath = "",
}: SelectOptions): (path: string) => string | undefined {
  const includes = include.map((glob) => compileGlob(glob, "include"));
  const excludes = exclude.map((glob) => ({ glob, matches: compileGlob(glob, "exclude") }));
  const root = subPath.replace(/\/+$/, "");
  return (path) => {
    const below = pathBelow(path, root);
    if (below === undefined) return `outside of ${root}/`;
    const excluding = excludes.find(({ matches }) => matches(below));
    if (excluding !== undefined) return `excluded by ${excluding.glob}`;
    if (includes.length > 0 && !includes.some((matches) => matches(below))) return "not among the included files";
    return undefined;
  };
}

function pathBelow(path: string, root: string): string | undefined {
  if (root === "") return path;
  if (path === root) return path.slice(path.lastIndexOf("/") + 1);
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
}

function judgement(path: string, reason: string | undefined): (readonly [string, string])[] {
  return reason === undefined ? [] : [[path, reason]];
}
