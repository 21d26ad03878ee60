import assert from "node:assert/strict";
import { test } from "node:test";
import type { Defect } from "../../../src/models/completeness/completeness-report.ts";
import { type InspectOptions, inspectModel } from "../../../src/models/completeness/inspect-model.ts";
import type { ModelDirectory } from "../../../src/models/model-directory.ts";
import { memoryDirectory } from "../configuration/memory-directory.ts";
import { safetensors } from "./safetensors-file.ts";

type Contents = Parameters<typeof memoryDirectory>[0];

async function defectsOf(contents: Contents, options?: InspectOptions): Promise<readonly Defect[]> {
  return (await inspectModel(memoryDirectory(contents), options)).defects;
}

async function linesOf(contents: Contents, options?: InspectOptions): Promise<string[]> {
  return (await defectsOf(contents, options)).map(({ path, kind, detail }) => `${path} ${kind}: ${detail}`);
}

const shard = safetensors({ "model.a": [2, 3] });
const index = (...shards: string[]) => ({
  metadata: { total_size: 1 },
  weight_map: Object.fromEntries(shards.map((name, at) => [`t${at}`, name])),
});
const pointer =
  "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 4976698672\n";

test("a whole model has no defects: shards, diffusers folders, loose JSON, empty files that may be empty", async () => {
  assert.deepEqual(
    await linesOf({
      "config.json": '\uFEFF{"rope": Infinity, "x": [NaN]}',
      "tokenizer.json": {},
      "model.safetensors.index.json": index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
      "model-00001-of-00002.safetensors": shard,
      "model-00002-of-00002.safetensors": shard,
      "unet/diffusion_pytorch_model.safetensors.index.json": index(
        "diffusion_pytorch_model-00001-of-00001.safetensors",
      ),
      "unet/diffusion_pytorch_model-00001-of-00001.safetensors": shard,
      "pytorch_model.bin": "PK\u0003\u0004",
      "gguf/model-00001-of-00001.gguf": "GGUF\u0003",
      "src/__init__.py": "",
      "index.html": "<!doctype html>",
      "notes.json": "not json at all",
      "empty.json": "",
    }),
    [],
  );
  assert.deepEqual(await inspectModel(memoryDirectory({})), { defects: [], excluded: [] });
});

test("a shard that an index names and that is not there is named, in the root and in folders", async () => {
  assert.deepEqual(
    await linesOf({
      "model.safetensors.index.json": index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
      "model-00001-of-00002.safetensors": shard,
      "pytorch_model.bin.index.json": index("pytorch_model-00001-of-00001.bin"),
      "vae/diffusion_pytorch_model.safetensors.index.fp16.json": index("d.fp16-00001-of-00001.safetensors"),
    }),
    [
      "model-00002-of-00002.safetensors missing: is missing, by model.safetensors.index.json",
      "pytorch_model-00001-of-00001.bin missing: is missing, by pytorch_model.bin.index.json",
      "vae/d.fp16-00001-of-00001.safetensors missing: is missing, by vae/diffusion_pytorch_model.safetensors.index.fp16.json",
    ],
  );
});

test("without an index the numbers of the shards tell what is missing", async () => {
  assert.deepEqual(
    await linesOf({
      "model-00002-of-00003.safetensors": shard,
      "gguf/q8-00001-of-00002.gguf": "GGUF\u0003",
      "zero-00000-of-00002.safetensors": shard,
      "data/train-00001-of-00099.parquet": "x",
    }),
    [
      "gguf/q8-00002-of-00002.gguf missing: is missing, by its neighbours' numbers",
      "model-00001-of-00003.safetensors missing: is missing, by its neighbours' numbers",
      "model-00003-of-00003.safetensors missing: is missing, by its neighbours' numbers",
      "zero-00001-of-00002.safetensors missing: is missing, by its neighbours' numbers",
    ],
  );
  assert.deepEqual(await linesOf({ "model-00001-of-999999.safetensors": shard }), []);
});

test("what the user's selection left out is no defect, but it is named", async () => {
  const { defects, excluded } = await inspectModel(
    memoryDirectory({
      "pytorch_model.bin.index.json": index("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"),
      "x-00001-of-00002.safetensors": shard,
    }),
    {
      excluded: new Set([
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
        "x-00002-of-00002.safetensors",
      ]),
    },
  );
  assert.deepEqual(defects, []);
  assert.deepEqual(excluded, [
    { path: "pytorch_model-00001-of-00002.bin", namedBy: "pytorch_model.bin.index.json" },
    { path: "pytorch_model-00002-of-00002.bin", namedBy: "pytorch_model.bin.index.json" },
    { path: "x-00002-of-00002.safetensors", namedBy: "its neighbours' numbers" },
  ]);
});

test("an index that cannot be used is a defect itself", async () => {
  const name = "model.safetensors.index.json";
  for (const [content, line] of [
    ["{", "not_json: is not a JSON object"],
    ["[]", "not_json: is not a JSON object"],
    ["{}", "bad_structure: names no shards: it has no weight_map"],
    ['{"weight_map": {"t": 1}}', "bad_structure: names a shard that is no file name"],
    ['{"weight_map": {"t": "../x"}}', 'bad_structure: names a shard outside of the model: "../x"'],
    ['{"weight_map": {"t": "/etc/x"}}', 'bad_structure: names a shard outside of the model: "/etc/x"'],
    ["", "empty: is empty"],
  ]) {
    assert.deepEqual(await linesOf({ [name]: content ?? "" }), [`${name} ${line}`]);
  }
});

test("a Git LFS pointer is recognised whatever it stands for, and is the source's own fault", async () => {
  const defects = await defectsOf({
    "model.safetensors": pointer,
    "tokenizer.model": pointer,
    "config.json": pointer.replace("git-lfs.github.com/spec", "hawser.github.com/spec").replace(/size.*/, ""),
    "images/x.png": pointer,
    "docs.md": `See ${pointer}`,
  });
  assert.deepEqual(
    defects.map(({ path, kind, detail, upstream }) => [path, kind, detail, upstream]),
    [
      ["config.json", "lfs_pointer", "is a Git LFS pointer to a file that is not there", true],
      ["images/x.png", "lfs_pointer", "is a Git LFS pointer to a file of 4976698672 bytes that is not there", true],
      [
        "model.safetensors",
        "lfs_pointer",
        "is a Git LFS pointer to a file of 4976698672 bytes that is not there",
        true,
      ],
      ["tokenizer.model", "lfs_pointer", "is a Git LFS pointer to a file of 4976698672 bytes that is not there", true],
    ],
  );
});

test("error pages, empty weights and JSON that does not parse are found", async () => {
  assert.deepEqual(
    await linesOf({
      "a.safetensors": "\n<!DOCTYPE HTML><html>",
      "b.bin": '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
      "c.gguf": "<html>",
      "config.json": "<html><title>Sign in</title>",
      "generation_config.json": '{"a": 1,',
      "sub/tokenizer_config.json": "[]",
      "d.safetensors": "",
      "e.gguf": "GGML",
      "openvino_model.xml": '<?xml version="1.0"?><net/>',
    }),
    [
      "a.safetensors error_page: is an HTML or XML page, such as servers send for an error",
      "b.bin error_page: is an HTML or XML page, such as servers send for an error",
      "c.gguf error_page: is an HTML or XML page, such as servers send for an error",
      "config.json error_page: is an HTML or XML page, such as servers send for an error",
      "d.safetensors empty: is empty",
      "e.gguf bad_structure: is no GGUF file: it does not begin with GGUF",
      "generation_config.json not_json: is not a JSON object",
      "sub/tokenizer_config.json not_json: is not a JSON object",
    ],
  );
});

test("a broken file whose digest was right is called upstream, another is not", async () => {
  const contents = { "a.safetensors": shard.subarray(0, shard.length - 1), "b.safetensors": shard.subarray(0, 20) };
  const defects = await defectsOf(contents, { proven: (path) => path === "a.safetensors" });
  assert.deepEqual(
    defects.map(({ path, upstream, detail }) => [path, upstream, detail]),
    [
      ["a.safetensors", true, "is 1 byte shorter than its safetensors header says"],
      [
        "b.safetensors",
        false,
        `ends within its safetensors header: that takes ${shard.length - 12} bytes, the file has 20`,
      ],
    ],
  );
});

test("large JSON is looked at from both ends only, weights never as a whole", async () => {
  let read = 0;
  let largest = 0;
  const watch = (directory: ModelDirectory): ModelDirectory => ({
    list: () => directory.list(),
    read: async (path, offset, length) => {
      read += length;
      largest = Math.max(largest, length);
      return await directory.read(path, offset, length);
    },
  });
  const large = Buffer.alloc(20 << 20, " ");
  large.write("{", 0);
  const whole = Buffer.from(large);
  whole.write("}", whole.length - 1);
  const weights = safetensors({ t: [5 << 20] });
  const contents = {
    "tokenizer.json": large,
    "sub/tokenizer.json": whole,
    "model.safetensors": weights,
    "x.dat": large,
  };
  const { defects } = await inspectModel(watch(memoryDirectory(contents)));
  assert.deepEqual(
    defects.map(({ path, detail }) => [path, detail]),
    [["tokenizer.json", "is cut off: its JSON does not end"]],
  );
  assert.ok(read < 8192 && largest <= 1024, `${read} bytes, ${largest} at once`);
});

test("an aborted signal ends the inspection", async () => {
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(inspectModel(memoryDirectory({ "config.json": {} }), { signal }), /stop/);
});
