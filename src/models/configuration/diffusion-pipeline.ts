import type { ModelDirectory, ModelFile } from "../model-directory.ts";
import { countParameters } from "./count-parameters.ts";
import { integerAt, isObject, type JsonObject, parseLooseJson, textAt } from "./loose-json.ts";

/** One component of a diffusers pipeline, as `model_index.json` names it. */
export interface PipelineComponent {
  readonly library: string;
  readonly type: string;
}

/** A diffusers pipeline in the shape of the `diffusionPipeline` field of a BaseModel. */
export interface DiffusionPipeline {
  readonly className: string;
  readonly scheduler?: PipelineComponent;
  readonly textEncoder?: PipelineComponent;
  readonly tokenizer?: PipelineComponent;
  readonly transformer?: PipelineComponent;
  readonly vae?: PipelineComponent;
  readonly additionalComponents?: Readonly<Record<string, PipelineComponent>>;
}

const namedComponents: Readonly<
  Record<string, Exclude<keyof DiffusionPipeline, "className" | "additionalComponents">>
> = {
  scheduler: "scheduler",
  text_encoder: "textEncoder",
  tokenizer: "tokenizer",
  transformer: "transformer",
  unet: "transformer",
  vae: "vae",
};

/** The name of a pipeline's class, under any of the spellings in use; empty when there is none. */
export function className(config: JsonObject): string {
  return textAt(config, "_class_name") || textAt(config, "class_name") || textAt(config, "className");
}

/** Reads the components; entries without a class, such as `[null, null]` for a disabled safety checker, are left out. */
export function readPipeline(index: JsonObject): DiffusionPipeline {
  const named: Partial<Record<(typeof namedComponents)[string], PipelineComponent>> = {};
  const additional: Record<string, PipelineComponent> = {};
  for (const [key, value] of Object.entries(index)) {
    if (key.startsWith("_")) continue;
    const component = readComponent(value);
    if (component === undefined) continue;
    const name = namedComponents[key];
    if (name === undefined) additional[key] = component;
    else if (key !== "unet" || named.transformer === undefined) named[name] = component;
  }
  return {
    className: className(index),
    ...named,
    ...(Object.keys(additional).length > 0 ? { additionalComponents: additional } : {}),
  };
}

function readComponent(value: unknown): PipelineComponent | undefined {
  if (Array.isArray(value)) {
    if (value.length === 0 || value.length > 2) return undefined;
    const [library, type] = value.length === 2 ? value : ["", value[0]];
    if (typeof type !== "string" || type === "" || (typeof library !== "string" && library !== null)) return undefined;
    return { library: library ?? "", type };
  }
  if (!isObject(value)) return undefined;
  const type = className(value) || textAt(value, "type");
  return type === "" ? undefined : { library: textAt(value, "_library") || textAt(value, "library"), type };
}

/**
 * Parameters of a pipeline: text encoder, transformer (or unet) and VAE together, 0 unless all three can be counted, and every
 * other component that has safetensors.
 */
export async function countPipelineParameters(
  directory: ModelDirectory,
  files: readonly ModelFile[],
  folder: string,
  pipeline: DiffusionPipeline,
): Promise<number> {
  const prefix = folder === "" ? "" : `${folder}/`;
  const count = (component: string): Promise<number | undefined> =>
    countParameters(directory, files, prefix + component);
  const required = [
    await count("text_encoder"),
    (await count("transformer")) ?? (await count("unet")),
    await count("vae"),
  ];
  let total = 0;
  for (const part of required) {
    if (part === undefined) return 0;
    total += part;
  }
  for (const component of Object.keys(pipeline.additionalComponents ?? {})) total += (await count(component)) ?? 0;
  return total;
}

/** Context length of a pipeline: that of its text encoder, 0 when it does not say. */
export async function pipelineContextLength(
  directory: ModelDirectory,
  files: readonly ModelFile[],
  folder: string,
): Promise<number> {
  const path = `${folder === "" ? "" : `${folder}/`}text_encoder/config.json`;
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined) return 0;
  try {
    const text = Buffer.from(await directory.read(path, 0, file.size)).toString("utf8");
    return integerAt(parseLooseJson(text, path), "max_position_embeddings");
  } catch {
    return 0;
  }
}
