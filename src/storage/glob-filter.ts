import picomatch from "picomatch";
import { StorageError } from "../errors.ts";

export interface GlobOptions {
  /** Paths wanted; every path when absent or empty. */
  readonly include?: readonly string[] | undefined;
  /** Paths not wanted; stands above `include`. */
  readonly exclude?: readonly string[] | undefined;
}

/**
 * A test for paths: `*` and `?` stay within a segment, `**` crosses them, `{a,b}` are alternatives, and a pattern without
 * a slash is matched against the last segment at any depth (`*.json` also takes `sub/a.json`); with a slash at its end it
 * means everything in that directory. Dot files match like any other name, upper and lower case differ.
 *
 * @throws StorageError `config_invalid` for an empty pattern and one that starts with `/` or `!`.
 */
export function createGlobFilter(options: GlobOptions): (path: string) => boolean {
  const includes = options.include === undefined || options.include.length === 0 ? undefined : compile(options.include);
  const excludes = compile(options.exclude ?? []);
  return (path) => (includes === undefined || includes(path)) && !excludes(path);
}

function compile(patterns: readonly string[]): (path: string) => boolean {
  for (const pattern of patterns) {
    if (pattern.trim() !== "" && !pattern.startsWith("/") && !/^!(?!\()/.test(pattern)) continue;
    throw new StorageError({
      code: "config_invalid",
      operation: "read pattern",
      target: JSON.stringify(pattern),
      detail: "the pattern can match no path",
      hint: "Write it relative to the listed directory, such as *.safetensors or tokenizer/**; negate with exclude.",
    });
  }
  const matchers = patterns.map((pattern) => {
    const matches = picomatch(pattern.endsWith("/") ? `${pattern}**` : pattern, {
      dot: true,
      nonegate: true,
      strictSlashes: true,
    });
    const byName = !pattern.includes("/");
    return (path: string) => matches(byName ? path.slice(path.lastIndexOf("/") + 1) : path);
  });
  return (path) => matchers.some((matches) => matches(path));
}
