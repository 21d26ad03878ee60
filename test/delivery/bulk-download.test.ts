import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { bulkDownload } from "../../src/delivery/bulk-download.ts";
import { deliver } from "../../src/delivery/deliver.ts";
import { StorageError } from "../../src/errors.ts";
import type { Capabilities, SequentialStorage } from "../../src/storage/storage.ts";
import { memorySource } from "../support/memory-source.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const big = Buffer.alloc(200_000, "big ");
const source = memorySource({ "x/a": "1", "y/b": big, empty: "" });
const items = [
  { uri: { ...source.uri, key: "x/a" }, path: "one/a" },
  { uri: { ...source.uri, key: "y/b" }, path: "b" },
  { uri: { ...source.uri, key: "empty" }, path: "one/empty" },
];

test("objects go where they are told to, verified, and nothing else is left", async (t) => {
  const directory = join(await scratchDirectory(t), "new");
  const result = await bulkDownload(source.client, items, directory);
  assert.deepEqual((await readdir(directory, { recursive: true })).sort(), ["b", "one", "one/a", "one/empty"]);
  assert.deepEqual(await readFile(join(directory, "b")), big);
  assert.deepEqual(
    result.files.map(({ path, size, verification }) => [path, size, verification.by]),
    [
      ["one/a", 1, "source"],
      ["b", 200_000, "source"],
      ["one/empty", 0, "source"],
    ],
  );
  assert.equal(result.fetchedBytes, 200_001);
});

test("files that are there and right are not fetched again, wrong ones are replaced", async (t) => {
  const directory = await scratchDirectory(t);
  await mkdir(join(directory, "one"));
  await writeFile(join(directory, "one/a"), "0");
  await writeFile(join(directory, "b"), big);
  const result = await bulkDownload(source.client, items, directory);
  assert.deepEqual([result.fetchedBytes, result.reusedBytes], [1, 200_000]);
  assert.equal(await readFile(join(directory, "one/a"), "utf8"), "1");
});

test("a storage that cannot locate is read from front to back", async (t) => {
  const directory = await scratchDirectory(t);
  const { client } = source;
  const capabilities: Capabilities = { ...client.capabilities, locates: false, rangedReads: false };
  const sequential: SequentialStorage = {
    provider: "plain",
    capabilities,
    list: (prefix, options) => client.list(prefix, options),
    stat: (uri, options) => client.stat(uri, options),
    locate: () =>
      Promise.reject(new StorageError({ code: "unsupported", operation: "locate", detail: "no", hint: "." })),
    close: () => client.close(),
    read: async function* (uri, { offset = 0 } = {}) {
      const bytes = source.store.get("b", uri.key)?.bytes ?? new Uint8Array();
      for (let at = offset; at < bytes.length; at += 70_000)
        yield bytes.subarray(at, Math.min(at + 70_000, bytes.length));
    },
  };
  const result = await bulkDownload(sequential, items, directory);
  assert.deepEqual(await readFile(join(directory, "b")), big);
  assert.ok(result.files.every(({ verification }) => verification.by === "source"));
});

test("a model's directory, unsafe paths and conflicting ones are refused before anything is done", async (t) => {
  const root = await scratchDirectory(t);
  const model = join(root, "model");
  await deliver({ source: { client: source.client, uri: { ...source.uri, key: "x" } }, destination: model });
  await assert.rejects(bulkDownload(source.client, items, model), { code: "config_invalid" });
  const [first] = items;
  assert.ok(first);
  for (const paths of [["../a"], ["a", "a"], ["a", "a/b"], [".model-agent/x"]]) {
    const bad = paths.map((path) => ({ ...first, path }));
    await assert.rejects(bulkDownload(source.client, bad, join(root, "bad")), { code: "unsafe_path" });
  }
  const missing = [{ uri: { ...source.uri, key: "none" }, path: "a" }];
  await assert.rejects(bulkDownload(source.client, missing, join(root, "bad")), { code: "not_found" });
  assert.ok(!existsSync(join(root, "bad")));
});
