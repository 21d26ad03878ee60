import {
  indexedFormatOf,
  type WeightFormat,
  weightFormatNames,
  weightFormatOf,
  weightFormats,
} from "./weight-format.ts";

/** Folders in which repositories repeat the whole model in another format. */
const alternatives: ReadonlySet<string> = new Set([
  ...["original", "onnx", "openvino", "coreml", "tflite", "flax", "gguf", "metal"],
]);

/** One file of weights, or the index of some. */
interface Weights {
  readonly path: string;
  readonly folder: string;
  /** Lower case. */
  readonly name: string;
  readonly format: WeightFormat;
  /** Name without shard number, variant and format, such as `model`. */
  readonly stem: string;
  /** Such as `fp16`; empty for the plain file. */
  readonly variant: string;
  /** The folder of the repository whose model is repeated here; undefined outside of such folders. */
  readonly repeats: string | undefined;
}

/**
 * The files that repeat weights which are there in a better form, each with the reason for people. Decided by names
 * alone. Where a repository has no safetensors, the next best format stays. Something always stays.
 */
export function findDuplicateWeights(paths: readonly string[]): ReadonlyMap<string, string> {
  const weights = paths.flatMap((path) => describe(path) ?? []);
  const plain = weights.filter(({ repeats }) => repeats === undefined);
  const reasons = new Map<string, string>();
  for (const [path, reason] of repeatedFolders(paths, weights, plain)) reasons.set(path, reason);
  for (const [path, reason] of singleFilePipelines(paths, plain)) reasons.set(path, reason);
  for (const group of groupBy(weights, ({ folder, stem }) => `${folder}\n${stem.startsWith("adapter")}`)) {
    for (const [path, reason] of repeatedFormats(group)) if (!reasons.has(path)) reasons.set(path, reason);
  }
  return reasons;
}

/** `original/`, `onnx/` and their like, beside weights in the folder that they stand in or below it. */
function* repeatedFolders(
  paths: readonly string[],
  weights: readonly Weights[],
  plain: readonly Weights[],
): Iterable<readonly [string, string]> {
  const repeated = new Set(
    weights.flatMap(({ repeats, path }) => (repeats === undefined ? [] : (alternativeOf(path)?.root ?? []))),
  );
  for (const path of paths) {
    const alternative = alternativeOf(path);
    if (alternative === undefined || !repeated.has(alternative.root)) continue;
    const better = best(plain.filter(({ folder }) => isWithin(folder, alternative.parent)));
    if (better !== "safetensors" && better !== "pytorch") continue;
    const own = weightFormatOf(path) !== undefined || indexedFormatOf(path) !== undefined;
    yield [
      path,
      own
        ? `duplicate weights: ${weightFormatNames[better]} are present`
        : `belongs to the duplicate weights in ${alternative.root}`,
    ];
  }
}

/** A diffusers pipeline as one file beside the folders of its components. */
function* singleFilePipelines(
  paths: readonly string[],
  plain: readonly Weights[],
): Iterable<readonly [string, string]> {
  for (const path of paths) {
    if (path !== "model_index.json" && !path.endsWith("/model_index.json")) continue;
    const root = folderOf(path);
    const components = plain.filter(({ folder }) => folder !== root && isWithin(folder, root));
    if (best(components) !== "safetensors" && best(components) !== "pytorch") continue;
    for (const { path: single, folder } of plain) {
      if (folder === root) yield [single, "duplicate weights: the pipeline's folders hold them"];
    }
  }
}

/** Within one folder: other formats than the best, consolidated copies of shards, variants beside the plain file. */
function* repeatedFormats(group: readonly Weights[]): Iterable<readonly [string, string]> {
  const format = best(group);
  if (format === undefined) return;
  const chosen = group.filter((file) => file.format === format && !isIndex(file));
  const sharded = chosen.some(({ stem }) => /^(?:pytorch_)?model$/.test(stem));
  const plainStems = new Set(chosen.filter(({ variant }) => variant === "").map(({ stem }) => stem));
  for (const { path, format: own, stem, variant, name } of group) {
    if (own !== format) yield [path, `duplicate weights: ${weightFormatNames[format]} are present`];
    else if (sharded && name.startsWith("consolidated")) {
      yield [path, "duplicate weights: a consolidated copy of the model's files"];
    } else if (variant !== "" && plainStems.has(stem)) {
      yield [path, `duplicate weights: the ${variant} variant of ${stem}`];
    }
  }
}

function describe(path: string): Weights | undefined {
  const format = weightFormatOf(path) ?? indexedFormatOf(path);
  if (format === undefined) return undefined;
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const base = name
    .replace(/\.index(\.[a-z0-9_]+)?\.json$/, "$1")
    .replace(/\.(?:safetensors|bin)(?=$|\.)/, "")
    .replace(/-\d+-of-\d+/, "");
  const [, stem = base, variant = ""] = /^(.+)\.(fp16|bf16|fp32|ema|non_ema)$/.exec(base) ?? [];
  return { path, folder: folderOf(path), name, format, stem, variant, repeats: alternativeOf(path)?.parent };
}

/** The first folder on the way that repeats a model, with a slash at its end, and the folder that it stands in. */
function alternativeOf(path: string): { readonly root: string; readonly parent: string } | undefined {
  const segments = path.split("/");
  const at = segments.slice(0, -1).findIndex((segment) => alternatives.has(segment.toLowerCase()));
  if (at < 0) return undefined;
  return { root: `${segments.slice(0, at + 1).join("/")}/`, parent: segments.slice(0, at).join("/") };
}

function best(weights: readonly Weights[]): WeightFormat | undefined {
  return weightFormats.find((format) => weights.some((file) => file.format === format && !isIndex(file)));
}

function isIndex({ name }: Weights): boolean {
  return name.endsWith(".json");
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function isWithin(folder: string, parent: string): boolean {
  return parent === "" || folder === parent || folder.startsWith(`${parent}/`);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Iterable<readonly T[]> {
  return Map.groupBy(items, key).values();
}
