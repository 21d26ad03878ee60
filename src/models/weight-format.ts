/** How weights are stored, most wanted first: the order in which the preset `auto` prefers them. */
export const weightFormats = [
  "safetensors",
  "pytorch",
  "checkpoint",
  "gguf",
  "tensorflow",
  "flax",
  "onnx",
  "openvino",
  "other",
] as const;

export type WeightFormat = (typeof weightFormats)[number];

/** Names for people. */
export const weightFormatNames: Readonly<Record<WeightFormat, string>> = {
  safetensors: "safetensors",
  pytorch: "PyTorch .bin files",
  checkpoint: "PyTorch checkpoints",
  gguf: "GGUF files",
  tensorflow: "TensorFlow weights",
  flax: "Flax weights",
  onnx: "ONNX files",
  openvino: "OpenVINO files",
  other: "other weights",
};

/** File names, in lower case, that end like weights and are none: state of a training, vocabularies. */
const noWeights =
  /^(?:training_args|optimizer|scheduler|rng_state|random_states|tokenizer|vocab|merges|spiece|sentencepiece)/;

const patterns: readonly (readonly [pattern: RegExp, format: WeightFormat])[] = [
  [/\.safetensors$/, "safetensors"],
  [/^openvino_.*\.(?:bin|xml)$/, "openvino"],
  [/\.bin$/, "pytorch"],
  [/\.(?:pth|ckpt)$/, "checkpoint"],
  // Many small .pt files are voices, embeddings or statistics that no other file repeats.
  [/^(?:model|pytorch_model|consolidated|checkpoint).*\.pt$/, "checkpoint"],
  [/\.(?:gguf|ggml)$/, "gguf"],
  [/\.h5$/, "tensorflow"],
  [/\.msgpack$/, "flax"],
  [/\.onnx(?:_data(?:_\d+)?|\.data)?$/, "onnx"],
  [/\.(?:tflite|ot|mlmodel|npz|nemo)$/, "other"],
];

/** The format of a file that holds weights, by its name; undefined for other files. */
export function weightFormatOf(path: string): WeightFormat | undefined {
  const name = fileName(path);
  if (noWeights.test(name)) return undefined;
  return patterns.find(([pattern]) => pattern.test(name))?.[1];
}

/** The format of the shards that an index file names, such as `model.safetensors.index.json`; undefined for other files. */
export function indexedFormatOf(path: string): WeightFormat | undefined {
  const shards = /^(.+)\.index(?:\.[a-z0-9_]+)?\.json$/.exec(fileName(path))?.[1];
  return shards === undefined ? undefined : weightFormatOf(shards);
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase();
}
