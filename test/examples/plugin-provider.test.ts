import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PackedLibrary } from "../../examples/plugin-provider/packed-library.ts";
import { packedProvider } from "../../examples/plugin-provider/packed-provider.ts";
import { provePacked } from "../../examples/plugin-provider/prove-packed.ts";
import { pullPacked } from "../../examples/plugin-provider/pull-packed.ts";
import { createProviderRegistry, createStorageClient } from "../../src/public/storage.ts";
import { expectError } from "../../src/testing/conformance/index.ts";

provePacked(test);

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "model-agent-packed-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("the example brings a model from its own scheme to disk, verified", async (t) => {
  const library = new PackedLibrary(await scratch(t));
  const weights = Buffer.alloc(3_000_000, "weights");
  await library.add("llama/config.json", Buffer.from("{}"));
  await library.add("llama/sub/model.bin", weights);
  await library.add("llama/README.md", Buffer.from("read me"));
  const target = join(await scratch(t), "model");
  const paths = await pullPacked("packed:///llama/", library.directory, target);
  assert.deepEqual(paths.toSorted(), ["config.json", "sub/model.bin"]);
  assert.ok(weights.equals(await readFile(join(target, "sub/model.bin"))));
});

test("the example refuses a wrong parameter by name", async () => {
  const registry = createProviderRegistry([packedProvider]);
  const open = (parameters: Record<string, string>) =>
    createStorageClient({ storageUri: "packed://shelf/llama/", registry, parameters, env: {} });
  const error = await expectError(() => open({ libary: "/x" }), "config_invalid", "packed");
  assert.match(error.message, /Did you mean "library"\?/);
  await expectError(() => open({}), "config_invalid", "packed");
});
