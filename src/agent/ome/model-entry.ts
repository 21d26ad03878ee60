import { z } from "zod";
import type { ModelConfiguration } from "../../models/configuration/read-configuration.ts";

const counter = z.number().int().nonnegative();
const namedVersion = z.record(z.string(), z.string());

const artifact = z.looseObject({
  sha: z.string().default(""),
  parentPath: z.record(z.string(), z.string()).nullish(),
  childrenPaths: z.array(z.string()).nullish(),
});

const entrySchema = z.looseObject({
  name: z.string(),
  status: z.enum(["Ready", "Updating", "Failed", "Deleted"]).catch("Updating"),
  config: z
    .looseObject({
      modelType: z.string().optional(),
      modelArchitecture: z.string().optional(),
      modelFramework: namedVersion.optional(),
      modelFormat: namedVersion.optional(),
      modelParameterSize: z.string().optional(),
      maxTokens: z.number().int().optional(),
      modelCapabilities: z.array(z.string()).optional(),
      apiCapabilities: z.array(z.string()).optional(),
      decodedModelConfiguration: z.record(z.string(), z.unknown()).optional(),
      quantization: z.string().optional(),
      artifact: artifact.optional(),
    })
    .optional(),
  progress: z
    .looseObject({
      phase: z.enum(["scanning", "downloading", "finalizing"]),
      totalBytes: counter,
      completedBytes: counter,
      totalFiles: counter,
      completedFiles: counter,
      speedBytesPerSec: z.number().nonnegative(),
      lastUpdated: z.string(),
    })
    .optional(),
  /** Why a model is Failed, for people; OME's readers pass over what they do not know. */
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** One model's entry in the node's ConfigMap; fields of newer writers are kept. */
export type ModelEntry = z.infer<typeof entrySchema>;
export type EntryConfig = NonNullable<ModelEntry["config"]>;
export type EntryProgress = NonNullable<ModelEntry["progress"]>;

/** Bookkeeping of shared content: the digest, who holds the bytes, and which directories point there. */
export interface EntryArtifact {
  readonly sha: string;
  readonly parentPath: Readonly<Record<string, string>> | null;
  readonly childrenPaths: readonly string[] | null;
}

/** Reads an entry; undefined for text that no entry could be. */
export function parseModelEntry(text: string): ModelEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The entry as text, in the order of OME's fields. Progress is only there while a model is being brought; its counts are clamped
 * to whole, non-negative numbers, because a controller drops the whole entry otherwise.
 */
export function formatModelEntry(entry: ModelEntry): string {
  const { name, status, config, progress, ...unknown } = entry;
  return JSON.stringify({
    name,
    status,
    ...(config === undefined ? {} : { config: formatConfig(config) }),
    ...(progress === undefined || status !== "Updating" ? {} : { progress: formatProgress(progress) }),
    ...unknown,
  });
}

function formatConfig(config: EntryConfig): object {
  const {
    modelType,
    modelArchitecture,
    modelFramework,
    modelFormat,
    modelParameterSize,
    maxTokens,
    modelCapabilities,
    ...rest
  } = config;
  const { apiCapabilities, decodedModelConfiguration, quantization, artifact: bookkeeping, ...unknown } = rest;
  return {
    ...present("modelType", modelType),
    ...present("modelArchitecture", modelArchitecture),
    ...present("modelFramework", modelFramework),
    ...present("modelFormat", modelFormat),
    ...present("modelParameterSize", modelParameterSize),
    ...present("maxTokens", maxTokens),
    ...present("modelCapabilities", modelCapabilities),
    ...present("apiCapabilities", apiCapabilities),
    ...present("decodedModelConfiguration", decodedModelConfiguration),
    ...present("quantization", quantization),
    artifact: {
      sha: bookkeeping?.sha ?? "",
      parentPath: bookkeeping?.parentPath ?? null,
      childrenPaths: bookkeeping?.childrenPaths ?? null,
    },
    ...unknown,
  };
}

/** Go's `omitempty`: nothing for zero values and empty collections. */
function present(name: string, value: unknown): Record<string, unknown> {
  const empty =
    value === undefined ||
    value === "" ||
    value === 0 ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return empty ? {} : { [name]: value };
}

function formatProgress(progress: EntryProgress): EntryProgress {
  const whole = (value: number, limit: number): number =>
    Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), limit) : 0;
  const totalBytes = whole(progress.totalBytes, Number.MAX_SAFE_INTEGER);
  const totalFiles = whole(progress.totalFiles, 2 ** 32 - 1);
  return {
    ...progress,
    totalBytes,
    completedBytes: whole(progress.completedBytes, totalBytes),
    totalFiles,
    completedFiles: whole(progress.completedFiles, totalFiles),
    speedBytesPerSec: Number.isFinite(progress.speedBytesPerSec) ? Math.max(progress.speedBytesPerSec, 0) : 0,
  };
}

/** What an entry tells of a model's configuration. */
export function entryConfig(configuration: ModelConfiguration, artifactRecord: EntryArtifact): EntryConfig {
  const version = ({ name, version }: { name: string; version: string }): Record<string, string> =>
    version === "" ? { name } : { name, version };
  return {
    modelType: configuration.modelType,
    modelArchitecture: configuration.architecture,
    modelFramework: version(configuration.framework),
    modelFormat: version(configuration.format),
    modelParameterSize: configuration.parameterSize,
    maxTokens: configuration.contextLength,
    modelCapabilities: [...configuration.capabilities],
    decodedModelConfiguration: modelConfigurationField(configuration),
    ...(configuration.quantization === undefined ? {} : { quantization: configuration.quantization }),
    artifact: {
      sha: artifactRecord.sha,
      parentPath: artifactRecord.parentPath === null ? null : { ...artifactRecord.parentPath },
      childrenPaths: artifactRecord.childrenPaths === null ? null : [...artifactRecord.childrenPaths],
    },
  };
}

/** The free-form `modelConfiguration` of a spec: nine snake_case keys in this order. */
export function modelConfigurationField(configuration: ModelConfiguration): Record<string, unknown> {
  return {
    model_type: configuration.modelType,
    architecture: configuration.architecture,
    context_length: configuration.contextLength,
    parameter_count: configuration.parameterSize,
    has_vision: configuration.hasVision,
    is_embedding: configuration.isEmbedding,
    transformers_version: configuration.transformersVersion,
    torch_dtype: configuration.torchDtype,
    model_size_bytes: configuration.modelSizeBytes,
  };
}
