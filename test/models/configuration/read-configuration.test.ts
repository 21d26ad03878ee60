import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isStorageError } from "../../../src/errors.ts";
import { families } from "../../../src/models/configuration/families.ts";
import { readConfiguration } from "../../../src/models/configuration/read-configuration.ts";
import { memoryDirectory, safetensorsHeader } from "./memory-directory.ts";

const llama = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  hidden_size: 8192,
  num_hidden_layers: 80,
  num_attention_heads: 64,
  num_key_value_heads: 8,
  max_position_embeddings: 131072,
  torch_dtype: "bfloat16",
  transformers_version: "4.43.0",
  eos_token_id: [1, 2, 3],
};

test("a known model is recognised by its dimensions", async () => {
  const configuration = await readConfiguration(memoryDirectory({ "config.json": llama }));
  assert.equal(configuration.parameterSize, "70B");
  assert.equal(configuration.modelSizeBytes, 140e9);
  assert.equal(configuration.contextLength, 131072);
  assert.deepEqual(configuration.capabilities, ["TEXT_TO_TEXT"]);
  assert.deepEqual(configuration.format, { name: "safetensors", version: "1.0.0" });
  assert.deepEqual(configuration.framework, { name: "transformers", version: "4.43.0" });
});

test("safetensors headers are counted before any table, and only the shards of the index", async () => {
  const configuration = await readConfiguration(
    memoryDirectory({
      "config.json": llama,
      "model.safetensors.index.json": {
        weight_map: { a: "model-1.safetensors", b: "model-1.safetensors", c: "model-2.safetensors" },
      },
      "model-1.safetensors": safetensorsHeader({ a: [10, 20], b: [5], scalar: [] }),
      "model-2.safetensors": safetensorsHeader({ c: [1000] }),
      "stale.safetensors": safetensorsHeader({ d: [999999] }),
    }),
  );
  assert.equal(configuration.parameterCount, 1205);
});

test("a missing shard or a damaged header falls back to the estimate", async () => {
  for (const shard of [undefined, Buffer.from("not a header at all")]) {
    const configuration = await readConfiguration(
      memoryDirectory({
        "config.json": llama,
        "model.safetensors.index.json": { weight_map: { a: "model-1.safetensors" } },
        ...(shard === undefined ? {} : { "model-1.safetensors": shard }),
      }),
    );
    assert.equal(configuration.parameterCount, 70e9);
  }
});

test("Infinity and NaN are read as Python wrote them, but not inside of texts", async () => {
  const text =
    '{"model_type": "llama-like", "hidden_size": 8, "num_hidden_layers": 2, "x": [NaN, -Infinity], "y": Infinity, "note": "a: NaN, b"}';
  const configuration = await readConfiguration(memoryDirectory({ "config.json": text }));
  assert.equal(configuration.parameterCount, 12 * 64 * 2);
});

test("quantization: the file's own word, and the field of the spec where it has one", async () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["fp8", "fp8"],
    ["fbgemm_fp8", "fp8"],
    ["mxfp4", undefined],
    ["int4_awq", "int4"],
    ["gptq", undefined],
  ];
  for (const [method, expected] of rows) {
    const configuration = await readConfiguration(
      memoryDirectory({ "config.json": { ...llama, quantization_config: { quant_method: method } } }),
    );
    assert.equal(configuration.quantizationType, method);
    assert.equal(configuration.quantization, expected);
  }
});

test("llama4 in compressed 8-bit floats counts one byte per parameter", async () => {
  const configuration = await readConfiguration(
    memoryDirectory({
      "config.json": {
        model_type: "llama4",
        torch_dtype: "bfloat16",
        vision_config: {},
        text_config: {
          hidden_size: 5120,
          num_hidden_layers: 48,
          num_local_experts: 128,
          max_position_embeddings: 1048576,
        },
        quantization_config: {
          format: "float-quantized",
          config_groups: { group_0: { weights: { num_bits: 8, type: "float" } } },
        },
      },
    }),
  );
  assert.equal(configuration.torchDtype, "float8");
  assert.equal(configuration.modelSizeBytes, 402e9);
  assert.equal(configuration.quantization, undefined);
  assert.ok(configuration.hasVision);
});

test("gemma3 multiplies its window by the rope factor", async () => {
  const config = { model_type: "gemma3", text_config: { sliding_window: 1024, rope_scaling: { factor: 8 } } };
  assert.equal((await readConfiguration(memoryDirectory({ "config.json": config }))).contextLength, 8192);
});

test("qwen3 is an embedding model when sentence-transformers says so", async () => {
  const config = { model_type: "qwen3", hidden_size: 2560, num_hidden_layers: 36 };
  const plain = await readConfiguration(memoryDirectory({ "config.json": config }));
  const embedding = await readConfiguration(
    memoryDirectory({ "config.json": config, "config_sentence_transformers.json": { similarity_fn_name: "cosine" } }),
  );
  assert.deepEqual(plain.capabilities, ["TEXT_TO_TEXT"]);
  assert.deepEqual(embedding.capabilities, ["EMBEDDING"]);
});

test("an unknown family is read generically, nested language models included", async () => {
  const configuration = await readConfiguration(
    memoryDirectory({
      "config.json": {
        model_type: "brand_new_vl",
        architectures: ["BrandNewForConditionalGeneration"],
        vision_config: {},
        llm_config: { hidden_size: 100, num_hidden_layers: 3, vocab_size: 1000, max_position_embeddings: 4096 },
      },
    }),
  );
  assert.equal(configuration.parameterCount, 1000 * 100 + 12 * 100 * 100 * 3);
  assert.equal(configuration.contextLength, 4096);
  assert.deepEqual(configuration.capabilities, ["IMAGE_TEXT_TO_TEXT"]);
});

test("a diffusers pipeline: components, disabled ones left out, parameters over its parts", async () => {
  const index = {
    _class_name: "FluxPipeline",
    _diffusers_version: "0.30.0",
    scheduler: ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    text_encoder: ["transformers", "CLIPTextModel"],
    text_encoder_2: ["transformers", "T5EncoderModel"],
    transformer: ["diffusers", "FluxTransformer2DModel"],
    vae: ["diffusers", "AutoencoderKL"],
    safety_checker: [null, null],
    image_size: 512,
  };
  const files = {
    "model_index.json": index,
    "config.json": { model_type: "decoy" },
    "text_encoder/config.json": { max_position_embeddings: 77 },
    "text_encoder/model.safetensors": safetensorsHeader({ a: [10] }),
    "text_encoder_2/model.safetensors": safetensorsHeader({ a: [1] }),
    "transformer/diffusion_pytorch_model.safetensors": safetensorsHeader({ a: [100] }),
    "vae/diffusion_pytorch_model.safetensors": safetensorsHeader({ a: [1000] }),
  };
  const configuration = await readConfiguration(memoryDirectory(files));
  assert.equal(configuration.parameterCount, 1111);
  assert.equal(configuration.contextLength, 77);
  assert.deepEqual(configuration.format, { name: "diffusers", version: "0.30.0" });
  assert.deepEqual(configuration.diffusionPipeline, {
    className: "FluxPipeline",
    scheduler: { library: "diffusers", type: "FlowMatchEulerDiscreteScheduler" },
    textEncoder: { library: "transformers", type: "CLIPTextModel" },
    transformer: { library: "diffusers", type: "FluxTransformer2DModel" },
    vae: { library: "diffusers", type: "AutoencoderKL" },
    additionalComponents: { text_encoder_2: { library: "transformers", type: "T5EncoderModel" } },
  });
  const { "vae/diffusion_pytorch_model.safetensors": _, ...withoutVae } = files;
  assert.equal((await readConfiguration(memoryDirectory(withoutVae))).parameterCount, 0);
});

test("the root comes first, then the usual folders, then the last folder of a walk", async () => {
  const type = async (paths: readonly string[]): Promise<string> => {
    const files = Object.fromEntries(paths.map((path) => [path, { model_type: path }]));
    return (await readConfiguration(memoryDirectory(files))).modelType;
  };
  assert.equal(await type(["z/config.json", "model/config.json", "config.json"]), "config.json");
  assert.equal(await type(["z/config.json", "model/config.json"]), "model/config.json");
  assert.equal(await type(["a/config.json", "z/config.json", "m/config.json"]), "z/config.json");
});

test("bad files are refused by name, with what is wrong", async () => {
  const cases: readonly (readonly [Record<string, string | object>, string, RegExp])[] = [
    [{ "weights.bin": "x" }, "not_found", /neither a config.json/],
    [{ "config.json": "<html>" }, "incomplete_model", /not a JSON object/],
    [{ "config.json": "[]" }, "incomplete_model", /not a JSON object/],
    [{ "config.json": { hidden_size: 1 } }, "incomplete_model", /no model_type/],
    [{ "config.json": { ...llama, hidden_size: 0 } }, "incomplete_model", /hidden_size/],
    [{ "config.json": { ...llama, num_key_value_heads: 65 } }, "incomplete_model", /num_key_value_heads/],
  ];
  for (const [files, code, message] of cases) {
    await assert.rejects(readConfiguration(memoryDirectory(files)), (error) => {
      assert.ok(isStorageError(error) && error.code === code, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

test("any JSON of any family is read or refused, never worse", async () => {
  const field = fc.constantFrom(
    "hidden_size",
    "num_hidden_layers",
    "text_config",
    "vision_config",
    "architectures",
    "quantization_config",
    "torch_dtype",
    "seq_length",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(families), "other"),
      fc.dictionary(field, fc.jsonValue()),
      async (modelType, rest) => {
        try {
          const configuration = await readConfiguration(
            memoryDirectory({ "config.json": { ...rest, model_type: modelType } }),
          );
          assert.ok(configuration.parameterCount >= 0 || Number.isFinite(configuration.parameterCount));
        } catch (error) {
          assert.ok(isStorageError(error), String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});
