import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeShape, readInstanceTypes } from "../../../src/agent/ome/instance-types.ts";
import {
  entryConfig,
  formatModelEntry,
  modelConfigurationField,
  parseModelEntry,
} from "../../../src/agent/ome/model-entry.ts";
import { specChanges } from "../../../src/agent/ome/spec-changes.ts";
import { isStorageError } from "../../../src/errors.ts";
import { readConfiguration } from "../../../src/models/configuration/read-configuration.ts";
import { memoryDirectory } from "../../models/configuration/memory-directory.ts";

const configuration = await readConfiguration(
  memoryDirectory({
    "config.json": {
      model_type: "mixtral",
      architectures: ["MixtralForCausalLM"],
      hidden_size: 1,
      num_hidden_layers: 1,
      num_attention_heads: 1,
      torch_dtype: "bfloat16",
    },
  }),
);

test("an entry is written to the byte as OME's agent writes it", () => {
  const config = entryConfig(configuration, { sha: "", parentPath: null, childrenPaths: null });
  assert.equal(
    formatModelEntry({ name: "m", status: "Ready", config }),
    '{"name":"m","status":"Ready","config":{"modelType":"mixtral","modelArchitecture":"MixtralForCausalLM","modelFramework":{"name":"transformers"},' +
      '"modelFormat":{"name":"safetensors","version":"1.0.0"},"modelParameterSize":"46.7B","modelCapabilities":["TEXT_TO_TEXT"],' +
      '"decodedModelConfiguration":{"model_type":"mixtral","architecture":"MixtralForCausalLM","context_length":0,"parameter_count":"46.7B","has_vision":false,' +
      '"is_embedding":false,"transformers_version":"","torch_dtype":"bfloat16","model_size_bytes":93400000000},"artifact":{"sha":"","parentPath":null,"childrenPaths":null}}}',
  );
});

test("progress is whole, never above its total, and only there while updating", () => {
  const progress = {
    phase: "downloading",
    totalBytes: 100.7,
    completedBytes: 300,
    totalFiles: 2,
    completedFiles: -1,
    speedBytesPerSec: Number.NaN,
    lastUpdated: "2026-01-01T00:00:00Z",
  } as const;
  const entry = JSON.parse(formatModelEntry({ name: "m", status: "Updating", progress }));
  assert.deepEqual(entry.progress, {
    ...progress,
    totalBytes: 100,
    completedBytes: 100,
    completedFiles: 0,
    speedBytesPerSec: 0,
  });
  assert.equal(JSON.parse(formatModelEntry({ name: "m", status: "Ready", progress })).progress, undefined);
});

test("what a newer writer added survives a rewrite", () => {
  const text =
    '{"name":"m","status":"Ready","config":{"modelType":"x","artifact":{"sha":"s","parentPath":{"a":"/b"},"childrenPaths":["/c"]},"new":1},"modelUID":"u"}';
  const entry = parseModelEntry(text);
  assert.ok(entry !== undefined);
  assert.deepEqual(JSON.parse(formatModelEntry(entry)), JSON.parse(text));
});

test("text that is no entry is told apart", () => {
  for (const text of ["", "null", "[]", '{"status":"Ready"}', "not json"])
    assert.equal(parseModelEntry(text), undefined, text);
});

test("a spec gets only what nobody set, and modelConfiguration always", () => {
  const filled = specChanges({ modelFormat: { name: "" }, modelType: "mine", modelCapabilities: [] }, configuration);
  assert.deepEqual(Object.keys(filled ?? {}).sort(), [
    "modelArchitecture",
    "modelCapabilities",
    "modelConfiguration",
    "modelFormat",
    "modelFramework",
    "modelParameterSize",
  ]);
  const done = { modelType: "mine", ...filled };
  assert.equal(specChanges(done, configuration), undefined);
  assert.deepEqual(specChanges({ ...done, modelConfiguration: {} }, configuration), {
    modelConfiguration: modelConfigurationField(configuration),
  });
});

test("instance types: the built-in map, an own one, and bad ones refused", () => {
  const labels = { "node.kubernetes.io/instance-type": "p5.48xlarge" };
  assert.equal(nodeShape(labels, readInstanceTypes(undefined)), "H100");
  assert.equal(nodeShape(labels, readInstanceTypes("{}")), "H100");
  assert.equal(nodeShape(labels, readInstanceTypes('{"x":"y"}')), "p5.48xlarge");
  assert.equal(nodeShape({ "beta.kubernetes.io/instance-type": "gpu-l40s" }, readInstanceTypes("")), "L40S");
  for (const text of ["{", "[]", '{"a":1}']) {
    assert.throws(
      () => readInstanceTypes(text),
      (error) => isStorageError(error) && error.code === "config_invalid",
    );
  }
});
