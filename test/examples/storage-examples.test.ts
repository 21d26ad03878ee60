import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { download } from "../../examples/storage/download.ts";
import { explainFailure } from "../../examples/storage/explain-failure.ts";
import { weightSizes } from "../../examples/storage/list-files.ts";
import { registryWith } from "../../examples/storage/memory-in-tests.ts";
import { readJson } from "../../examples/storage/read-json.ts";
import { upload } from "../../examples/storage/upload.ts";
import { expectError } from "../../src/testing/conformance/index.ts";

const files = {
  "llama/config.json": '{"hidden_size": 4096}',
  "llama/model.safetensors": "weights",
  "llama/original/old.safetensors": "old",
};

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "model-agent-example-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("lists weights", async () => {
  const sizes = await weightSizes("memory://models/llama/", { registry: registryWith(files) });
  assert.deepEqual([...sizes], [["llama/model.safetensors", 7]]);
});

test("reads a small object", async () => {
  const registry = registryWith(files);
  assert.deepEqual(await readJson("memory://models/llama/config.json", { registry }), { hidden_size: 4096 });
  assert.equal(await readJson("memory://models/llama/missing.json", { registry }), undefined);
});

test("downloads", async (t) => {
  const directory = join(await scratch(t), "llama");
  assert.equal(await download("memory://models/llama/", directory, { registry: registryWith(files) }), 3);
  assert.equal(await readFile(join(directory, "original/old.safetensors"), "utf8"), "old");
});

test("uploads what is not there yet", async (t) => {
  const directory = await scratch(t);
  await writeFile(join(directory, "file"), '"hello"');
  const registry = registryWith({});
  await upload(join(directory, "file"), "memory://models/new.json", { registry });
  assert.equal(await readJson("memory://models/new.json", { registry }), "hello");
  const again = () => upload(join(directory, "file"), "memory://models/new.json", { registry });
  await expectError(again, "precondition_failed");
});

test("explains failures", async () => {
  const registry = registryWith(files);
  assert.equal(await explainFailure("memory://models/llama/", { registry }), undefined);
  assert.match((await explainFailure("memory://models/none/", { registry })) ?? "", /nothing below/);
  assert.match((await explainFailure("memory://other/", { registry })) ?? "", /bucket other does not exist/);
  assert.match((await explainFailure("memroy://models/", { registry })) ?? "", /Did you mean memory/);
});
