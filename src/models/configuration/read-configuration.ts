import { StorageError } from "../../errors.ts";
import type { ModelDirectory, ModelFile } from "../model-directory.ts";
import { modelCapabilities } from "./capabilities.ts";
import { countParameters } from "./count-parameters.ts";
import {
  className,
  countPipelineParameters,
  type DiffusionPipeline,
  pipelineContextLength,
  readPipeline,
} from "./diffusion-pipeline.ts";
import { type Family, families } from "./families.ts";
import { findConfiguration } from "./find-configuration.ts";
import { readGeneric } from "./generic-family.ts";
import { integerAt, type JsonObject, objectAt, parseLooseJson, textAt } from "./loose-json.ts";
import { commonCount, namedFormulas, readDimensions } from "./parameter-formulas.ts";
import { parameterText } from "./parameter-text.ts";

/** A name with a version; the version may be empty. */
export interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

/** What a model says of itself, in the terms of a BaseModel's spec. */
export interface ModelConfiguration {
  readonly modelType: string;
  readonly architecture: string;
  /** Tokens; 0 when unknown. */
  readonly contextLength: number;
  /** Counted from safetensors headers where possible, else estimated; 0 when unknown. */
  readonly parameterCount: number;
  /** {@link parameterCount} as text, such as `7B`. */
  readonly parameterSize: string;
  /** Bytes in memory at the stored dtype: parameters times the size of the dtype. */
  readonly modelSizeBytes: number;
  readonly hasVision: boolean;
  readonly isEmbedding: boolean;
  /** As the file names it, such as `fbgemm_fp8`, `mxfp4` or `awq`; empty for none. */
  readonly quantizationType: string;
  /** The value of the spec's `quantization` field, where it has one for this type. */
  readonly quantization: "fp8" | "int4" | undefined;
  readonly torchDtype: string;
  readonly transformersVersion: string;
  readonly capabilities: readonly string[];
  readonly format: NamedVersion;
  readonly framework: NamedVersion;
  readonly diffusionPipeline: DiffusionPipeline | undefined;
}

/** Configuration files are small; a larger one is something else. */
const maxConfigurationBytes = 64 * 1024 * 1024;

const dtypeBytes: Readonly<Record<string, number>> = {
  float32: 4,
  float: 4,
  bfloat16: 2,
  bf16: 2,
  float16: 2,
  fp16: 2,
  half: 2,
  int8: 1,
  fp8: 1,
  float8: 1,
  e4m3: 1,
  int4: 0.5,
  "4bit": 0.5,
};

/**
 * Reads what a model says of itself from its `config.json` or `model_index.json`. Only needed fields are read, so that a file
 * with an unusual value elsewhere still counts. Throws `not_found` when there is no such file and `incomplete_model` when
 * it is no JSON, has no model type, or has impossible dimensions.
 */
export async function readConfiguration(directory: ModelDirectory): Promise<ModelConfiguration> {
  const files = await directory.list();
  const path = findConfiguration(files);
  const file = files.find((candidate) => candidate.path === path);
  if (path === undefined || file === undefined) {
    throw new StorageError({
      code: "not_found",
      operation: "read model configuration",
      detail: "the model has neither a config.json nor a model_index.json",
      hint: "Add the file to the model, or set the annotation that skips reading it.",
    });
  }
  if (file.size > maxConfigurationBytes) throw refused(path, "the file is too large to be a configuration");
  const config = parseLooseJson(Buffer.from(await directory.read(path, 0, file.size)).toString("utf8"), path);
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  if (path === "model_index.json" || path.endsWith("/model_index.json"))
    return readDiffusion(directory, files, folder, config, path);
  return readTransformers(directory, files, folder, config, path);
}

async function readDiffusion(
  directory: ModelDirectory,
  files: readonly ModelFile[],
  folder: string,
  config: JsonObject,
  path: string,
): Promise<ModelConfiguration> {
  const pipeline = readPipeline(config);
  if (pipeline.className === "") throw refused(path, "it names no model_type and no _class_name");
  const parameterCount = await countPipelineParameters(directory, files, folder, pipeline);
  const version = textAt(config, "_diffusers_version");
  return {
    modelType: "diffusers",
    architecture: pipeline.className,
    contextLength: await pipelineContextLength(directory, files, folder),
    parameterCount,
    parameterSize: parameterText(parameterCount),
    modelSizeBytes: sizeBytes(parameterCount, textAt(config, "torch_dtype")),
    hasVision: true,
    isEmbedding: false,
    quantizationType: "",
    quantization: undefined,
    torchDtype: textAt(config, "torch_dtype"),
    transformersVersion: textAt(config, "transformers_version"),
    capabilities: modelCapabilities({
      modelType: "diffusers",
      architecture: pipeline.className,
      hasVision: true,
      isEmbedding: false,
      diffusion: true,
    }),
    format: { name: "diffusers", version },
    framework: { name: "diffusers", version },
    diffusionPipeline: pipeline,
  };
}

async function readTransformers(
  directory: ModelDirectory,
  files: readonly ModelFile[],
  folder: string,
  config: JsonObject,
  path: string,
): Promise<ModelConfiguration> {
  const modelType = textAt(config, "model_type") || className(config);
  if (modelType === "") throw refused(path, "it names no model_type and no _class_name");
  const family = families[modelType];
  if (family?.validated !== undefined) validate(config, family, path);
  const generic = readGeneric(config);
  const counted = await countParameters(directory, files, folder);
  const parameterCount = counted ?? (family === undefined ? generic.estimate : estimate(config, family));
  const architecture = firstArchitecture(config) || (family?.architectureDefault ?? "");
  const hasVision =
    family === undefined
      ? generic.hasVision
      : typeof family.vision === "string"
        ? family.vision in config
        : family.vision === true;
  const isEmbedding = await readEmbedding(directory, files, folder, family);
  const torchDtype = family === undefined ? generic.dtype : readDtype(config, family);
  const quantizationType = family === undefined ? generic.quantization : readQuantization(config, family);
  const transformersVersion =
    family === undefined ? generic.transformersVersion : textAt(config, "transformers_version");
  return {
    modelType,
    architecture,
    contextLength: family === undefined ? generic.contextLength : contextLength(config, modelType, family),
    parameterCount,
    parameterSize: parameterText(parameterCount),
    modelSizeBytes: sizeBytes(parameterCount, torchDtype),
    hasVision,
    isEmbedding,
    quantizationType,
    quantization: specQuantization(quantizationType),
    torchDtype,
    transformersVersion,
    capabilities: modelCapabilities({ modelType, architecture, hasVision, isEmbedding, diffusion: false }),
    format: { name: "safetensors", version: "1.0.0" },
    framework: { name: "transformers", version: transformersVersion },
    diffusionPipeline: undefined,
  };
}

function contextLength(config: JsonObject, modelType: string, family: Family): number {
  const source = family.contextIn === undefined ? config : objectAt(config, family.contextIn);
  if (modelType === "gemma3") {
    const window = integerAt(source, "sliding_window");
    const factor = objectAt(source, "rope_scaling")["factor"];
    if (window > 0) return typeof factor === "number" && factor > 0 ? Math.trunc(window * factor) : window;
  }
  for (const name of family.context) {
    const value = integerAt(source, name);
    if (value > 0) return value;
  }
  return family.contextDefault ?? 0;
}

function estimate(config: JsonObject, family: Family): number {
  const source = family.dimensionsIn === undefined ? config : objectAt(config, family.dimensionsIn);
  const dimensions = readDimensions(source, family.dimensions);
  const known = family.sizes?.find(([hidden, layers]) => hidden === dimensions.hidden && layers === dimensions.layers);
  if (known !== undefined) return known[2];
  if (typeof family.estimate === "number") return family.estimate;
  if (family.estimate === "unknown") return 0;
  if (family.estimate === "common") return commonCount(dimensions);
  return namedFormulas[family.estimate](config);
}

async function readEmbedding(
  directory: ModelDirectory,
  files: readonly ModelFile[],
  folder: string,
  family: Family | undefined,
): Promise<boolean> {
  if (family?.embedding !== "sentence-transformers") return family?.embedding === "always";
  const path = `${folder === "" ? "" : `${folder}/`}config_sentence_transformers.json`;
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined || file.size > maxConfigurationBytes) return false;
  try {
    const text = Buffer.from(await directory.read(path, 0, file.size)).toString("utf8");
    return textAt(parseLooseJson(text, path), "similarity_fn_name") !== "";
  } catch {
    return false;
  }
}

function readDtype(config: JsonObject, family: Family): string {
  if (family === families["llama4"] && isFloat8(config)) return "float8";
  const own = textAt(config, "torch_dtype");
  const nested = family.dtypeIn === undefined ? {} : objectAt(config, family.dtypeIn.object);
  const inner = (family.dtypeIn?.names ?? []).map((name) => textAt(nested, name)).find((value) => value !== "") ?? "";
  return (family.dtypeIn?.onlyWhenEmpty === false ? inner || own : own || inner) || (family.dtypeDefault ?? "");
}

/** Weights that compressed-tensors stores as 8-bit floats, whatever `torch_dtype` says of the activations. */
function isFloat8(config: JsonObject): boolean {
  const quantization = objectAt(config, "quantization_config");
  const weights = objectAt(objectAt(objectAt(quantization, "config_groups"), "group_0"), "weights");
  return (
    textAt(quantization, "format") === "float-quantized" &&
    integerAt(weights, "num_bits") === 8 &&
    textAt(weights, "type") === "float"
  );
}

function readQuantization(config: JsonObject, family: Family): string {
  return family.quantization === undefined ? "" : textAt(objectAt(config, "quantization_config"), family.quantization);
}

function specQuantization(type: string): "fp8" | "int4" | undefined {
  const lower = type.toLowerCase();
  if (lower.includes("int4")) return "int4";
  return lower.includes("fp8") ? "fp8" : undefined;
}

function firstArchitecture(config: JsonObject): string {
  const architectures = config["architectures"];
  const first = Array.isArray(architectures) ? architectures[0] : undefined;
  return typeof first === "string" ? first : "";
}

function validate(config: JsonObject, family: Family, path: string): void {
  for (const name of ["hidden_size", "num_hidden_layers", "num_attention_heads"]) {
    if (integerAt(config, name) <= 0) throw refused(path, `${name} has to be a positive number`);
  }
  if (family.validated === "dimensions") return;
  if (integerAt(config, "num_key_value_heads") > integerAt(config, "num_attention_heads")) {
    throw refused(path, "num_key_value_heads is greater than num_attention_heads");
  }
}

function sizeBytes(parameterCount: number, dtype: string): number {
  return Math.trunc(parameterCount * (dtypeBytes[dtype.toLowerCase()] ?? 4));
}

function refused(path: string, detail: string): StorageError {
  return new StorageError({
    code: "incomplete_model",
    operation: "read model configuration",
    target: path,
    detail,
    hint: "Correct the file at its source, or set the annotation that skips reading it.",
  });
}
