import type { ModelFile } from "../model-directory.ts";

/** Folders that are looked into before a walk, in order; `""` is the root. */
const usualFolders = ["", "safetensors", "pytorch_model", "model"] as const;

/**
 * The file that describes a model: `model_index.json` (a diffusers pipeline) wins wherever it is, else `config.json` in the root
 * or a usual folder, else the last folder in lexical order that has one, as OME's walk finds it. Undefined when there is none.
 */
export function findConfiguration(files: readonly ModelFile[]): string | undefined {
  const paths = new Set(files.map((file) => file.path));
  if (paths.has("model_index.json")) return "model_index.json";
  const pipeline = deepest(paths, "model_index.json");
  if (pipeline !== undefined) return pipeline;
  for (const folder of usualFolders) {
    const path = folder === "" ? "config.json" : `${folder}/config.json`;
    if (paths.has(path)) return path;
  }
  return deepest(paths, "config.json");
}

function deepest(paths: ReadonlySet<string>, name: string): string | undefined {
  return [...paths]
    .filter((path) => path.endsWith(`/${name}`))
    .sort()
    .at(-1);
}
