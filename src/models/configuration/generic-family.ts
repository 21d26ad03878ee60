import { integerAt, isObject, type JsonObject, objectAt, textAt } from "./loose-json.ts";
import { readDimensions } from "./parameter-formulas.ts";

/** What a configuration of an unknown family tells by the usual names. */
export interface GenericFacts {
  readonly contextLength: number;
  readonly estimate: number;
  readonly hasVision: boolean;
  readonly quantization: string;
  readonly dtype: string;
  readonly transformersVersion: string;
}

const nestedObjects = ["text_config", "llm_config", "language_config"] as const;

/** Reads any transformers-like configuration; what the top level leaves out is taken from the first nested language model. */
export function readGeneric(config: JsonObject): GenericFacts {
  const nestedName = nestedObjects.find((name) => isObject(config[name]));
  const nested = nestedName === undefined ? {} : objectAt(config, nestedName);
  const whole = (name: string): number => integerAt(config, name) || integerAt(nested, name);
  const text = (name: string): string => textAt(config, name) || textAt(nested, name);
  const top = readDimensions(config);
  const inner = readDimensions(nested);
  const hidden = top.hidden || inner.hidden;
  const layers = top.layers || inner.layers;
  const intermediate = top.intermediate || inner.intermediate;
  const vocabulary = top.vocabulary || inner.vocabulary;
  const experts = whole("n_routed_experts") || whole("num_local_experts") || whole("num_experts");
  const estimate = (): number => {
    if (hidden <= 0 || layers <= 0) return 0;
    if (experts <= 0) return vocabulary * hidden + 12 * hidden * hidden * layers;
    const expertIntermediate = whole("moe_intermediate_size") || intermediate;
    return (
      hidden * vocabulary +
      layers *
        (4 * hidden * hidden +
          2 * whole("n_shared_experts") * hidden * intermediate +
          2 * experts * hidden * expertIntermediate +
          hidden * experts +
          2 * hidden)
    );
  };
  return {
    contextLength: whole("max_position_embeddings") || whole("max_sequence_length"),
    estimate: estimate(),
    hasVision: "vision_config" in config,
    quantization: textAt(objectAt(config, "quantization_config"), "quant_method"),
    dtype: text("torch_dtype"),
    transformersVersion: text("transformers_version"),
  };
}
