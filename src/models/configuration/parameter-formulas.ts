import { integerAt, type JsonObject, objectAt } from "./loose-json.ts";

/** The sizes that parameter estimates are made of; 0 where the configuration does not say. */
export interface Dimensions {
  readonly hidden: number;
  readonly layers: number;
  readonly intermediate: number;
  readonly vocabulary: number;
}

/** Names under which families keep their dimensions; the usual transformers names when absent. */
export interface DimensionNames {
  readonly hidden?: string;
  readonly layers?: string;
  readonly intermediate?: string;
  readonly vocabulary?: string;
  readonly vocabularyDefault?: number;
}

export function readDimensions(config: JsonObject, names: DimensionNames = {}): Dimensions {
  return {
    hidden: integerAt(config, names.hidden ?? "hidden_size"),
    layers: integerAt(config, names.layers ?? "num_hidden_layers"),
    intermediate: integerAt(config, names.intermediate ?? "intermediate_size"),
    vocabulary: integerAt(config, names.vocabulary ?? "vocab_size") || (names.vocabularyDefault ?? 0),
  };
}

/** Embeddings, attention, feed-forward and norms of a plain decoder. */
export function commonCount({ hidden: h, layers: l, intermediate: i, vocabulary: v }: Dimensions): number {
  return 2 * h * v + l * (3 * h * h + h) + l * (2 * h * i + h + i) + 2 * l * h;
}

/** Attention and feed-forward blocks only, as composite models count their towers. */
export function towerCount({ hidden: h, layers: l, intermediate: i }: Dimensions): number {
  return 4 * h * h * l + 2 * h * i * l;
}

/** A decoder whose feed-forward blocks are experts. */
export function expertCount(
  { hidden: h, layers: l, vocabulary: v }: Dimensions,
  experts: number,
  expertIntermediate: number,
): number {
  return 2 * h * v + l * (4 * h * h + 3 * experts * h * expertIntermediate + h * experts + 2 * h);
}

export function floorToBillions(count: number): number {
  return Math.floor(count / 1e9) * 1e9;
}

function llama(config: JsonObject): number {
  const d = readDimensions(config);
  const intermediate = d.intermediate || Math.floor((8 * d.hidden) / 3);
  const halfEmbeddings = { ...d, intermediate, vocabulary: 0 };
  return floorToBillions(32000 * d.hidden + commonCount(halfEmbeddings));
}

function llama4(config: JsonObject): number {
  const text = objectAt(config, "text_config");
  const d = readDimensions(text);
  const experts = integerAt(text, "num_local_experts");
  if (d.layers === 48 && d.hidden === 5120 && experts === 128) return 402e9;
  if (d.layers === 48 && d.hidden === 5120 && experts === 16) return 17e9;
  if (experts <= 1) return towerCount(d);
  return (
    4 * d.hidden ** 2 * d.layers + 2 * d.hidden * d.intermediate * d.layers * experts + d.hidden * experts * d.layers
  );
}

function textAndVisionTowers(config: JsonObject): number {
  return (
    towerCount(readDimensions(objectAt(config, "text_config"))) +
    towerCount(readDimensions(objectAt(config, "vision_config")))
  );
}

function qwen2Vision(config: JsonObject): number {
  const vision = objectAt(config, "vision_config");
  return commonCount(readDimensions(config)) + integerAt(vision, "embed_dim") ** 2 * integerAt(vision, "depth") * 4;
}

function qwen3Vision(config: JsonObject): number {
  const text = objectAt(config, "text_config");
  const vision = objectAt(config, "vision_config");
  const d = readDimensions(text);
  const experts = integerAt(text, "num_experts");
  const language = experts > 0 ? expertCount(d, experts, integerAt(text, "moe_intermediate_size")) : commonCount(d);
  const hidden = integerAt(vision, "hidden_size");
  const intermediate = integerAt(vision, "intermediate_size");
  return (
    language +
    integerAt(vision, "patch_size") ** 2 * integerAt(vision, "in_channels") * hidden +
    integerAt(vision, "num_position_embeddings") * hidden +
    integerAt(vision, "depth") * (4 * hidden * hidden + 2 * hidden * intermediate + 2 * hidden) +
    hidden * integerAt(vision, "out_hidden_size")
  );
}

function gptOss(config: JsonObject): number {
  const { hidden: h, layers: l, intermediate: i, vocabulary: v } = readDimensions(config);
  const experts = integerAt(config, "num_local_experts");
  if (h === 2880 && l === 24 && experts === 32) return 20e9;
  if (h === 2880 && l === 36 && experts === 128) return 120e9;
  const untied = config["tie_word_embeddings"] === true ? 0 : h * v;
  return floorToBillions(h * v + 4 * h * h * l + 3 * experts * h * i + l * h * experts + 2 * l * h + untied);
}

function languageAndVision(config: JsonObject): number {
  const language = objectAt(config, "language_config");
  const vision = objectAt(config, "vision_config");
  const d = readDimensions(language);
  const experts = integerAt(language, "n_routed_experts");
  const projector = integerAt(objectAt(config, "projector_config"), "n_embed");
  return (
    (experts > 0 ? expertCount(d, experts, integerAt(language, "moe_intermediate_size")) : commonCount(d)) +
    integerAt(vision, "width") ** 2 * integerAt(vision, "layers") * 4 +
    projector ** 2 * 2
  );
}

function llava(config: JsonObject): number {
  const visionLayers = integerAt(objectAt(config, "vision_config"), "num_hidden_layers");
  if (visionLayers === 24 && integerAt(objectAt(config, "text_config"), "vocab_size") >= 32000) return 7.5e9;
  return textAndVisionTowers(config);
}

function bert(config: JsonObject): number {
  const { hidden: h, layers: l, intermediate: i, vocabulary: v } = readDimensions(config);
  const embeddings = (v + integerAt(config, "max_position_embeddings") + integerAt(config, "type_vocab_size")) * h;
  return embeddings + l * (4 * h * h + 4 * h) + l * (2 * h * i + h + i) + 4 * l * h;
}

function cohere(config: JsonObject): number {
  const d = readDimensions(config);
  return d.layers >= 64 && d.hidden >= 12288 ? 104e9 : commonCount(d);
}

function dbrx(config: JsonObject): number {
  const feedForward = objectAt(config, "ffn_config");
  const d = readDimensions(config, { hidden: "d_model", layers: "n_layers" });
  return expertCount(d, integerAt(feedForward, "moe_num_experts"), integerAt(feedForward, "ffn_hidden_size"));
}

function phimoe(config: JsonObject): number {
  const d = readDimensions(config);
  return d.hidden === 4096 && d.layers === 32 && integerAt(config, "num_local_experts") === 16 ? 16e9 : 0;
}

/** Estimates that are more than one of the shared formulas, by the name the family table uses. */
export const namedFormulas = {
  llama,
  llama4,
  textAndVisionTowers,
  qwen2Vision,
  qwen3Vision,
  gptOss,
  languageAndVision,
  llava,
  bert,
  cohere,
  dbrx,
  phimoe,
} as const satisfies Record<string, (config: JsonObject) => number>;
