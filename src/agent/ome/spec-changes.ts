import { isDeepStrictEqual } from "node:util";
import type { ModelConfiguration } from "../../models/configuration/read-configuration.ts";
import { modelConfigurationField } from "./model-entry.ts";

/** Annotation that keeps the agent from reading a model's configuration: `"true"` in any case. */
export const skipConfigurationAnnotation = "ome.oracle.com/skip-config-parsing";

/** The part of a BaseModel's spec that the agent may fill. */
export type ModelSpec = Readonly<Record<string, unknown>>;

/**
 * What to write into a spec: only fields that nobody has set, and always `modelConfiguration`. Undefined when nothing would
 * change, so that no write is made for nothing. `maxTokens` is left to the controller, status is never touched.
 */
export function specChanges(
  spec: ModelSpec,
  configuration: ModelConfiguration,
): Readonly<Record<string, unknown>> | undefined {
  const changes: Record<string, unknown> = {};
  const named = spec["modelFormat"];
  const formatName =
    typeof named === "object" && named !== null ? (named as Record<string, unknown>)["name"] : undefined;
  if (formatName === undefined || formatName === "") {
    changes["modelFormat"] = { ...(typeof named === "object" ? named : {}), ...withVersion(configuration.format) };
  }
  if (unset(spec["modelFramework"])) changes["modelFramework"] = withVersion(configuration.framework);
  if (unset(spec["modelType"])) changes["modelType"] = configuration.modelType;
  if (unset(spec["modelArchitecture"])) changes["modelArchitecture"] = configuration.architecture;
  if (unset(spec["modelParameterSize"])) changes["modelParameterSize"] = configuration.parameterSize;
  if (unset(spec["quantization"]) && configuration.quantization !== undefined)
    changes["quantization"] = configuration.quantization;
  const capabilities = spec["modelCapabilities"];
  if (!Array.isArray(capabilities) || capabilities.length === 0)
    changes["modelCapabilities"] = [...configuration.capabilities];
  if (unset(spec["diffusionPipeline"]) && configuration.diffusionPipeline !== undefined) {
    changes["diffusionPipeline"] = configuration.diffusionPipeline;
  }
  const wanted = modelConfigurationField(configuration);
  // The API server keeps members in an order of its own.
  if (!isDeepStrictEqual(spec["modelConfiguration"], wanted)) changes["modelConfiguration"] = wanted;
  return Object.keys(changes).length === 0 ? undefined : changes;
}

function unset(value: unknown): boolean {
  return value === undefined || value === null;
}

function withVersion({ name, version }: { readonly name: string; readonly version: string }): Record<string, string> {
  return version === "" ? { name } : { name, version };
}
