import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectModel } from "../../src/models/completeness/inspect-model.ts";
import type { ModelDirectory } from "../../src/models/model-directory.ts";
import { contentDigest, generatedModel } from "../../src/testing/index.ts";

test("a generated model is whole in the eyes of the completeness check, and the same for the same seed", async () => {
  const options = { seed: 1, shards: 3, shardSize: 100_001 };
  const model = generatedModel(options);
  const directory: ModelDirectory = {
    list: async () => Object.entries(model).map(([path, content]) => ({ path, size: content.size })),
    read: async (path, offset, length) => {
      const bytes = new Uint8Array(length);
      model[path]?.read(offset, bytes);
      return bytes;
    },
  };
  assert.deepEqual(await inspectModel(directory), { defects: [], excluded: [] });
  assert.equal(Object.keys(model).filter((path) => path.endsWith(".safetensors")).length, 3);
  const digests = (of: typeof model): string[] => Object.values(of).map((content) => contentDigest(content, "crc32"));
  assert.deepEqual(digests(generatedModel(options)), digests(model));
  assert.notDeepEqual(digests(generatedModel({ ...options, seed: 2 })), digests(model));
  assert.equal(new Set(digests(model)).size, Object.keys(model).length);
});
