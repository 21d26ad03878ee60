import { bytesContent, type Content, joinedContent } from "./content.ts";
import { generatedContent } from "./generated-content.ts";

export interface GeneratedModelOptions {
  /** Tensors depend on nothing but it. A whole number. */
  readonly seed: number;
  /** At least one. */
  readonly shards: number;
  /** Bytes of the tensors in each shard, rounded down to an even number. */
  readonly shardSize: number;
}

/**
 * A model as it lies in a bucket: configuration, tokenizer, index and safetensors shards with true headers, whose tensors
 * are generated as they are read. Names are paths below the model.
 */
export function generatedModel(options: GeneratedModelOptions): Readonly<Record<string, Content>> {
  const { seed, shards } = options;
  const weights: Record<string, string> = {};
  const files: Record<string, Content> = {};
  for (let shard = 1; shard <= shards; shard++) {
    const name = `model-${pad(shard)}-of-${pad(shards)}.safetensors`;
    const layers = [0, 1, 2, 3].map((layer) => `model.layers.${(shard - 1) * 4 + layer}.weight`);
    for (const layer of layers) weights[layer] = name;
    files[name] = generatedShard({ seed: seed * 1000 + shard, tensors: layers, size: options.shardSize });
  }
  const total = shards * (options.shardSize - (options.shardSize % 2));
  return {
    "config.json": json({ model_type: "llama", architectures: ["LlamaForCausalLM"], num_hidden_layers: shards * 4 }),
    "tokenizer.json": json({ version: "1.0", model: { type: "BPE", vocab: { a: 0, b: 1 } } }),
    "tokenizer_config.json": json({ tokenizer_class: "LlamaTokenizer" }),
    "model.safetensors.index.json": json({ metadata: { total_size: total }, weight_map: weights }),
    ...files,
  };
}

/** A safetensors file of F16 tensors with these names, the data of all together of `size` bytes, an even number or one more. */
export function generatedShard(options: {
  readonly seed: number;
  readonly tensors: readonly string[];
  readonly size: number;
}): Content {
  const elements = Math.floor(options.size / 2);
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = {};
  let begin = 0;
  for (const [index, name] of options.tensors.entries()) {
    const count = Math.floor(elements / options.tensors.length);
    const own = index === options.tensors.length - 1 ? elements - begin / 2 : count;
    header[name] = { dtype: "F16", shape: [own], data_offsets: [begin, begin + own * 2] };
    begin += own * 2;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return joinedContent([
    bytesContent(Buffer.concat([length, text])),
    generatedContent({ seed: options.seed, size: elements * 2 }),
  ]);
}

function json(value: unknown): Content {
  return bytesContent(`${JSON.stringify(value, undefined, 2)}\n`);
}

function pad(shard: number): string {
  return String(shard).padStart(5, "0");
}
