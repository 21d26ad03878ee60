import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isStorageError } from "../../src/errors.ts";
import { type SelectOptions, selectFiles } from "../../src/models/selection.ts";
import { selectionFromParameters } from "../../src/models/selection-rules.ts";
import { weightFormatOf } from "../../src/models/weight-format.ts";

function select(paths: readonly string[], options: SelectOptions) {
  const files = paths.map((path, index) => ({ path, size: index + 1 }));
  const { selected, skipped } = selectFiles(files, options);
  return {
    selected: selected.map(({ path }) => path),
    skipped: skipped.map(({ path, reason }) => `${path}: ${reason}`),
  };
}

test("everything is wanted unless something is said", () => {
  const files = [{ path: "a", size: 1, extra: true }];
  assert.deepEqual(selectFiles(files), { selected: files, skipped: [] });
  assert.deepEqual(select([".gitattributes", "b/.c", "x.bin", "x.safetensors"], {}).skipped, []);
});

test("exclude stands above include, and each file left out says why", () => {
  const paths = ["config.json", "sub/config.json", "README.md", "a.bin", ".hidden.json"];
  assert.deepEqual(select(paths, { include: ["*.json"], exclude: ["sub/*"] }), {
    selected: ["config.json", ".hidden.json"],
    skipped: [
      "sub/config.json: excluded by sub/*",
      "README.md: not among the included files",
      "a.bin: not among the included files",
    ],
  });
  const { skipped } = selectFiles([{ path: "a.bin", size: 7 }], { exclude: ["*.bin"] });
  assert.deepEqual(skipped, [{ path: "a.bin", size: 7, reason: "excluded by *.bin" }]);
});

const globs: readonly (readonly [glob: string, matching: readonly string[]])[] = [
  ["*", ["a.json", "A.JSON", "d/a.json", "d/e/b.txt", "original/x", "d/original/y"]],
  ["*.json", ["a.json", "d/a.json"]],
  ["a.json", ["a.json", "d/a.json"]],
  ["d/*", ["d/a.json"]],
  ["d/**", ["d/a.json", "d/e/b.txt", "d/original/y"]],
  ["d/", ["d/a.json", "d/e/b.txt", "d/original/y"]],
  ["original/", ["original/x"]],
  ["**/original/**", ["original/x", "d/original/y"]],
  ["*.{json,txt}", ["a.json", "d/a.json", "d/e/b.txt"]],
  ["[ab].json", ["a.json", "d/a.json"]],
  ["?.txt", ["d/e/b.txt"]],
  ["!(x|y)", ["a.json", "A.JSON", "d/a.json", "d/e/b.txt"]],
];

for (const [glob, matching] of globs) {
  test(`${glob} takes what docs/models.md says`, () => {
    const paths = ["a.json", "A.JSON", "d/a.json", "d/e/b.txt", "original/x", "d/original/y"];
    assert.deepEqual(select(paths, { include: [glob] }).selected, matching);
  });
}

test("a sub-path keeps the selection inside, and globs are read below it", () => {
  const paths = ["m/config.json", "m/original/x", "mm/config.json", "config.json", "m"];
  assert.deepEqual(select(paths, { subPath: "m/", exclude: ["original/"] }), {
    selected: ["m/config.json", "m"],
    skipped: ["m/original/x: excluded by original/", "mm/config.json: outside of m/", "config.json: outside of m/"],
  });
  assert.deepEqual(select(["a/model.gguf", "a/b.gguf"], { subPath: "a/b.gguf", include: ["*.gguf"] }).selected, [
    "a/b.gguf",
  ]);
});

test("a glob that can match no path is refused, naming its parameter", () => {
  for (const [options, message] of [
    [{ include: [""] }, /include.*empty/],
    [{ exclude: ["/x"] }, /exclude.*begins with a slash/],
    [{ include: ["!*.bin"] }, /include.*Write it under exclude/],
    [{ exclude: ["!*.bin"] }, /exclude.*Write it under include/],
    [{ exclude: ["x".repeat(5000)] }, /longer than 4,096/],
  ] as const) {
    assert.throws(
      () => selectFiles([], options),
      (error) => isStorageError(error) && error.code === "config_invalid" && message.test(error.message),
    );
  }
});

test("rules are read from a manifest's parameters", () => {
  assert.deepEqual(selectionFromParameters(undefined), { include: [], exclude: [], weights: "all" });
  assert.deepEqual(
    selectionFromParameters({
      region: "x",
      include: " *.json, *.{bin,txt}\n\n tokenizer* ,",
      exclude: "a b/*",
      weights: " auto ",
    }),
    { include: ["*.json", "*.{bin,txt}", "tokenizer*"], exclude: ["a b/*"], weights: "auto" },
  );
  assert.throws(() => selectionFromParameters({ weights: "atuo" }), /Did you mean auto/);
  assert.throws(() => selectionFromParameters({ weights: "" }), /is not a preset/);
});

const repositories: readonly (readonly [title: string, paths: readonly string[], skipped: readonly string[]])[] = [
  [
    "Llama: original/ repeats the shards",
    [
      "config.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
    ],
    [
      "original/consolidated.00.pth: duplicate weights: safetensors are present",
      "original/params.json: belongs to the duplicate weights in original/",
      "original/tokenizer.model: belongs to the duplicate weights in original/",
    ],
  ],
  [
    "four formats of one model",
    ["config.json", "model.safetensors", "tokenizer.json", "training_args.bin", "generation_config.json"],
    [
      "pytorch_model.bin: duplicate weights: safetensors are present",
      "pytorch_model.bin.index.json: duplicate weights: safetensors are present",
      "tf_model.h5: duplicate weights: safetensors are present",
      "flax_model.msgpack: duplicate weights: safetensors are present",
      "rust_model.ot: duplicate weights: safetensors are present",
      "onnx/model.onnx: duplicate weights: safetensors are present",
      "onnx/model.onnx_data: duplicate weights: safetensors are present",
      "onnx/config.json: belongs to the duplicate weights in onnx/",
      "model.gguf: duplicate weights: safetensors are present",
    ],
  ],
  [
    "Mistral: consolidated copies",
    ["params.json", "model-00001-of-00003.safetensors", "tokenizer.model.v3"],
    [
      "consolidated.safetensors: duplicate weights: a consolidated copy of the model's files",
      "consolidated.safetensors.index.json: duplicate weights: a consolidated copy of the model's files",
    ],
  ],
  ["only a consolidated file", ["params.json", "consolidated.safetensors"], []],
  [
    "no safetensors: PyTorch stays, the rest goes",
    [
      "config.json",
      "pytorch_model-00001-of-00002.bin",
      "pytorch_model-00002-of-00002.bin",
      "pytorch_model.bin.index.json",
    ],
    [
      "tf_model.h5: duplicate weights: PyTorch .bin files are present",
      "flax_model.msgpack: duplicate weights: PyTorch .bin files are present",
      "original/consolidated.00.pth: duplicate weights: PyTorch .bin files are present",
    ],
  ],
  ["only GGUF files", ["a.Q4_K_M.gguf", "a.Q8_0.gguf", "README.md"], []],
  ["only ONNX, in its folder", ["config.json", "onnx/model.onnx", "onnx/model_quantized.onnx"], []],
  [
    "an adapter beside the model that it belongs to",
    ["adapter_model.safetensors", "adapter_config.json", "pytorch_model.bin"],
    ["adapter_model.bin: duplicate weights: safetensors are present"],
  ],
  [
    "a module whose folder has no safetensors",
    ["model.safetensors", "2_Dense/pytorch_model.bin", "1_Pooling/config.json", "voices/a.pt"],
    ["pytorch_model.bin: duplicate weights: safetensors are present"],
  ],
  [
    "a diffusers pipeline: variants, other formats and single files",
    [
      "model_index.json",
      "unet/diffusion_pytorch_model.safetensors",
      "vae/diffusion_pytorch_model.safetensors",
      "vae_only/model.fp16.safetensors",
      "scheduler/scheduler_config.json",
    ],
    [
      "sd_xl_base_1.0.safetensors: duplicate weights: the pipeline's folders hold them",
      "unet/diffusion_pytorch_model.fp16.safetensors: duplicate weights: the fp16 variant of diffusion_pytorch_model",
      "unet/diffusion_pytorch_model.bin: duplicate weights: safetensors are present",
      "unet/model.onnx: duplicate weights: safetensors are present",
    ],
  ],
  [
    "sharded variants and their index",
    ["model.safetensors"],
    [
      "model.fp32-00001-of-00002.safetensors: duplicate weights: the fp32 variant of model",
      "model.fp32-00002-of-00002.safetensors: duplicate weights: the fp32 variant of model",
      "model.safetensors.index.fp32.json: duplicate weights: the fp32 variant of model",
    ],
  ],
  [
    "gpt-oss: original/ and metal/",
    ["model-00000-of-00002.safetensors"],
    [
      "original/model.safetensors: duplicate weights: safetensors are present",
      "metal/model.bin: duplicate weights: safetensors are present",
    ],
  ],
];

for (const [title, kept, skipped] of repositories) {
  test(`weights: auto, ${title}`, () => {
    const paths = [...kept, ...skipped.map((line) => line.slice(0, line.indexOf(": ")))];
    assert.deepEqual(select(paths, { weights: "auto" }), { selected: kept, skipped });
    assert.deepEqual(select(paths, { weights: "all" }).selected, paths);
  });
}

test("auto looks only at what the globs leave: who asks for original/ gets it", () => {
  const paths = ["model.safetensors", "original/consolidated.00.pth", "original/params.json"];
  assert.deepEqual(select(paths, { weights: "auto", include: ["original/"] }).selected, paths.slice(1));
});

const name = fc.constantFrom(
  ...["model.safetensors", "model-00001-of-00002.safetensors", "model.fp16.safetensors", "consolidated.safetensors"],
  ...["pytorch_model.bin", "pytorch_model.fp16.bin", "pytorch_model.bin.index.json", "consolidated.00.pth", "model.pt"],
  ...["adapter_model.bin", "adapter_model.safetensors", "tf_model.h5", "flax_model.msgpack", "model.onnx", "a.gguf"],
  ...[
    "openvino_model.bin",
    "model_index.json",
    "config.json",
    "tokenizer.model",
    "sd.ckpt",
    "model.safetensors.index.json",
  ],
);
const folder = fc.constantFrom("", "original/", "onnx/", "unet/", "unet/onnx/", "onnx/original/", "gguf/");
const repository = fc.uniqueArray(
  fc.tuple(folder, name).map(([at, file]) => `${at}${file}`),
  { maxLength: 25 },
);

test("choosing from the chosen changes nothing, nothing is lost, and where there were weights some stay", () => {
  const options = fc.record({
    include: fc.subarray(["*.safetensors", "*.bin", "unet/", "*.json"]),
    exclude: fc.subarray(["*.fp16.*", "original/", "onnx/*"]),
    weights: fc.constantFrom("auto" as const, "all" as const),
    subPath: fc.constantFrom("", "unet"),
  });
  fc.assert(
    fc.property(repository, options, (paths, rules) => {
      const files = paths.map((path) => ({ path, size: 1 }));
      const once = selectFiles(files, rules);
      assert.deepEqual(selectFiles(once.selected, rules), { selected: once.selected, skipped: [] });
      assert.equal(once.selected.length + once.skipped.length, files.length);
      const judged = selectFiles(files, { ...rules, weights: "all" }).selected;
      const isWeights = ({ path }: { path: string }) => weightFormatOf(path) !== undefined;
      assert.equal(judged.some(isWeights), once.selected.some(isWeights));
    }),
    { numRuns: 3000 },
  );
});
