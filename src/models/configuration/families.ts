import type { DimensionNames, namedFormulas } from "./parameter-formulas.ts";

/** How the configuration of one model family is read. Data only: the reader in `read-configuration.ts` interprets it. */
export interface Family {
  /** Names of the context length, first positive one wins. */
  readonly context: readonly string[];
  /** Sub-object that holds the context length, such as `text_config`; the top level when absent. */
  readonly contextIn?: string;
  readonly contextDefault?: number;
  readonly dimensions?: DimensionNames;
  /** Sub-object that holds the dimensions of the size table; the top level when absent. */
  readonly dimensionsIn?: string;
  /** Known models: hidden size, layers, parameters. Preferred to the formula. */
  readonly sizes?: readonly (readonly [hidden: number, layers: number, count: number])[];
  /** Estimate when no safetensors can be counted and the table does not know the model. */
  readonly estimate: "common" | "unknown" | number | keyof typeof namedFormulas;
  /** `true`, or the key whose presence says so. */
  readonly vision?: true | string;
  readonly embedding?: "always" | "sentence-transformers";
  /** Which member of `quantization_config` names the quantization; none is reported when absent. */
  readonly quantization?: "quant_method" | "format";
  /** Sub-object whose dtype counts, and whether only as a fall-back for an empty top-level one. */
  readonly dtypeIn?: { readonly object: string; readonly names: readonly string[]; readonly onlyWhenEmpty: boolean };
  readonly dtypeDefault?: string;
  readonly architectureDefault?: string;
  /** Dimensions must be positive, and the attention heads consistent, or the file is refused. */
  readonly validated?: "dimensions" | "dimensions-and-heads";
}

const positions = ["max_position_embeddings"] as const;
const sequence = ["seq_length", "max_position_embeddings"] as const;

const qwen2Vision: Family = {
  context: positions,
  sizes: [
    [1536, 28, 2e9],
    [3584, 28, 7e9],
    [8192, 80, 72e9],
  ],
  estimate: "qwen2Vision",
  vision: true,
  quantization: "quant_method",
};

const qwen3Vision: Family = { context: positions, contextIn: "text_config", estimate: "qwen3Vision", vision: true };

const qwen35: Family = { ...qwen3Vision, dtypeIn: { object: "text_config", names: ["dtype"], onlyWhenEmpty: true } };

const languageVision: Family = {
  context: positions,
  contextIn: "language_config",
  contextDefault: 4096,
  dimensionsIn: "language_config",
  sizes: [
    [1280, 12, 1e9],
    [2048, 24, 1.3e9],
  ],
  estimate: "languageAndVision",
  vision: true,
  dtypeIn: { object: "language_config", names: ["torch_dtype"], onlyWhenEmpty: true },
};

const gemma: Family = {
  context: positions,
  sizes: [
    [2048, 18, 2e9],
    [2304, 26, 2.6e9],
    [3072, 28, 7e9],
    [3584, 42, 9e9],
  ],
  estimate: "common",
};

const cohere: Family = { context: positions, sizes: [[8192, 40, 35e9]], estimate: "cohere" };

const internlm: Family = {
  context: positions,
  sizes: [
    [4096, 32, 7e9],
    [6144, 48, 20e9],
    [2048, 24, 1.8e9],
  ],
  estimate: "common",
};

const minicpm: Family = {
  context: positions,
  sizes: [
    [2560, 62, 4e9],
    [2304, 40, 2.4e9],
    [1536, 52, 1.2e9],
  ],
  estimate: "common",
};

/** Families by `model_type`; any other type is read generically. */
export const families: Readonly<Record<string, Family>> = {
  llama: {
    context: positions,
    sizes: [
      [8192, 80, 70e9],
      [8192, 82, 70e9],
      [16384, 126, 405e9],
      [3072, 28, 3e9],
      [2048, 16, 1e9],
    ],
    estimate: "llama",
    quantization: "quant_method",
    architectureDefault: "LlamaForCausalLM",
    validated: "dimensions-and-heads",
  },
  llama4: {
    context: positions,
    contextIn: "text_config",
    estimate: "llama4",
    vision: "vision_config",
    quantization: "format",
  },
  mllama: {
    context: positions,
    contextIn: "text_config",
    dimensionsIn: "text_config",
    sizes: [
      [4096, 40, 11e9],
      [8192, 100, 90e9],
    ],
    estimate: "textAndVisionTowers",
    vision: true,
  },
  mistral: {
    context: positions,
    sizes: [[4096, 32, 7e9]],
    estimate: "unknown",
    embedding: "always",
    validated: "dimensions",
  },
  mixtral: { context: positions, estimate: 46.7e9, validated: "dimensions" },
  qwen: {
    context: sequence,
    sizes: [
      [4096, 32, 7e9],
      [5120, 40, 14e9],
      [8192, 80, 72e9],
    ],
    estimate: "common",
    quantization: "quant_method",
  },
  qwen2: {
    context: sequence,
    sizes: [
      [3584, 28, 7e9],
      [8192, 40, 34e9],
      [7680, 64, 72e9],
    ],
    estimate: "common",
    quantization: "quant_method",
  },
  qwen2_vl: qwen2Vision,
  qwen2_5_vl: qwen2Vision,
  qwen3: {
    context: sequence,
    sizes: [
      [2560, 36, 4e9],
      [4096, 36, 8e9],
    ],
    estimate: "common",
    embedding: "sentence-transformers",
    quantization: "quant_method",
  },
  qwen3_moe: {
    context: sequence,
    sizes: [
      [2048, 48, 30e9],
      [4096, 94, 235e9],
    ],
    estimate: "common",
    quantization: "quant_method",
  },
  qwen3_vl: qwen3Vision,
  qwen3_vl_moe: qwen3Vision,
  qwen3_5: qwen35,
  qwen3_5_moe: qwen35,
  deepseek_v3: { context: positions, estimate: 685e9, quantization: "quant_method", validated: "dimensions" },
  kimi_k2: { context: positions, estimate: 1.5e12, quantization: "quant_method", validated: "dimensions" },
  gpt_oss: { context: positions, estimate: "gptOss", quantization: "quant_method", validated: "dimensions" },
  deepseek_vl_v2: { ...languageVision, architectureDefault: "DeepseekVLV2ForCausalLM" },
  janus: { ...languageVision, architectureDefault: "JanusForConditionalGeneration" },
  multi_modality: { ...languageVision, architectureDefault: "MultiModalityCausalLM" },
  gemma: { ...gemma, validated: "dimensions" },
  gemma2: gemma,
  gemma3_text: gemma,
  gemma3: {
    context: [],
    contextIn: "text_config",
    contextDefault: 8192,
    dimensionsIn: "text_config",
    sizes: [[5376, 62, 32e9]],
    estimate: "textAndVisionTowers",
    vision: true,
  },
  llava: {
    context: positions,
    contextIn: "text_config",
    estimate: "llava",
    vision: true,
    dtypeIn: { object: "text_config", names: ["torch_dtype"], onlyWhenEmpty: true },
  },
  bert: {
    context: positions,
    sizes: [
      [768, 12, 110e6],
      [1024, 24, 340e6],
    ],
    estimate: "bert",
    embedding: "always",
  },
  chatglm: {
    context: ["seq_length"],
    dimensions: {
      layers: "num_layers",
      intermediate: "ffn_hidden_size",
      vocabulary: "padded_vocab_size",
      vocabularyDefault: 65024,
    },
    sizes: [
      [4096, 28, 6e9],
      [4096, 40, 9e9],
    ],
    estimate: "common",
    dtypeDefault: "float16",
  },
  cohere,
  "command-r": cohere,
  dbrx: {
    context: ["max_seq_len"],
    dimensions: { hidden: "d_model", layers: "n_layers" },
    sizes: [[6144, 48, 132e9]],
    estimate: "dbrx",
  },
  exaone: {
    context: positions,
    dimensions: { layers: "num_layers", vocabularyDefault: 102400 },
    sizes: [
      [4096, 32, 7.8e9],
      [2560, 42, 2.8e9],
    ],
    estimate: "common",
  },
  internlm,
  internlm2: internlm,
  minicpm,
  minicpm3: minicpm,
  phi: { context: positions, estimate: "unknown" },
  phi3: { context: positions, sizes: [[3072, 32, 3.8e9]], estimate: "unknown" },
  phi3_v: { context: positions, sizes: [[3072, 32, 14e9]], estimate: "common", vision: "img_processor" },
  phi3small: { context: positions, sizes: [[4096, 32, 7e9]], estimate: "unknown" },
  phimoe: { context: positions, estimate: "phimoe" },
  stablelm: {
    context: positions,
    sizes: [
      [2560, 32, 3e9],
      [2048, 24, 1.6e9],
    ],
    estimate: "common",
  },
  xverse: {
    context: positions,
    sizes: [
      [4096, 32, 7e9],
      [5120, 40, 13e9],
      [6144, 80, 65e9],
    ],
    estimate: "common",
  },
  baichuan: {
    context: ["model_max_length", "max_position_embeddings"],
    sizes: [
      [4096, 32, 7e9],
      [5120, 40, 13e9],
    ],
    estimate: "common",
  },
};
