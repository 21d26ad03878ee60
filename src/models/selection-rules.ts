import picomatch from "picomatch";
import { StorageError } from "../errors.ts";
import { nearestName } from "../uri/nearest-name.ts";

/** Which weights of a repository are wanted: one format of each (`auto`), or every file. */
export type WeightsPreset = "all" | "auto";

/** Which files of a repository are wanted. */
export interface SelectionRules {
  /** Globs; empty means every file. */
  readonly include: readonly string[];
  /** Globs; they stand above `include`. */
  readonly exclude: readonly string[];
  readonly weights: WeightsPreset;
}

const presets: readonly WeightsPreset[] = ["all", "auto"];

/**
 * Reads `include`, `exclude` (globs separated by commas or line breaks) and `weights` from a manifest's parameters; the
 * other parameters are the provider's. Throws `config_invalid` that names the parameter.
 */
export function selectionFromParameters(parameters: Readonly<Record<string, string>> | undefined): SelectionRules {
  const weights = parameters?.["weights"]?.trim() ?? "all";
  const preset = presets.find((name) => name === weights);
  if (preset === undefined) {
    const nearest = nearestName(weights, presets);
    throw invalidRule(
      "weights",
      `${JSON.stringify(weights)} is not a preset`,
      nearest === undefined ? "Write auto or all." : `Did you mean ${nearest}?`,
    );
  }
  return {
    include: globsOf("include", parameters?.["include"]),
    exclude: globsOf("exclude", parameters?.["exclude"]),
    weights: preset,
  };
}

function globsOf(parameter: string, text: string | undefined): readonly string[] {
  // A comma inside braces belongs to its glob.
  const globs = (text?.match(/(?:\{[^}\n]*\}|[^,\n{]|\{)+/g) ?? []).map((glob) => glob.trim());
  const present = globs.filter((glob) => glob !== "");
  for (const glob of present) compileGlob(glob, parameter);
  return present;
}

/**
 * A test for one glob: `*` and `?` stay within a segment, `**` crosses them, `{a,b}` are alternatives; without a slash it
 * is matched against the file's name at any depth; with a slash at its end it means everything in that folder. Dot files
 * match as any other, letters' case counts. Throws `config_invalid` for a glob that can match no path.
 */
export function compileGlob(glob: string, parameter: string): (path: string) => boolean {
  if (glob.trim() === "") throw invalidRule(parameter, "the glob is empty", "Leave it out.");
  if (glob.startsWith("/")) {
    throw invalidRule(parameter, `${JSON.stringify(glob)} begins with a slash`, "Write it relative to the model.");
  }
  if (/^!(?!\()/.test(glob)) {
    throw invalidRule(
      parameter,
      `${JSON.stringify(glob)} begins with "!"`,
      parameter === "include"
        ? "Write it under exclude, without the mark."
        : "Write it under include, without the mark.",
    );
  }
  if (glob.length > 4096) throw invalidRule(parameter, "the glob is longer than 4,096 characters", "Divide it.");
  const matches = picomatch(glob.endsWith("/") ? `${glob}**` : glob, {
    dot: true,
    nonegate: true,
    strictSlashes: true,
  });
  const byName = !glob.includes("/");
  return (path) => matches(byName ? path.slice(path.lastIndexOf("/") + 1) : path);
}

function invalidRule(parameter: string, detail: string, hint: string): StorageError {
  return new StorageError({ code: "config_invalid", operation: "read selection", target: parameter, detail, hint });
}
