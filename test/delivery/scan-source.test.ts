import assert from "node:assert/strict";
import { test } from "node:test";
import { scanSource } from "../../src/delivery/scan-source.ts";
import { StorageError } from "../../src/errors.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memorySource } from "../support/memory-source.ts";

const objects = {
  "llama/config.json": "{}",
  "llama/sub/a.bin": "12345",
  "llama/sub/": "",
  "llama/.model-agent/proof.json": "a proof that was uploaded with its model",
  "llama-70b/config.json": "{}",
  "llama.txt": "text",
  qwen: "one object",
  "qwen/extra": "not meant",
  phi: "",
  "phi/config.json": "{}",
  zero: "",
};

async function paths(prefix: string): Promise<readonly string[]> {
  const { client, uri } = memorySource(objects, { prefix });
  return (await scanSource(client, uri)).map(({ path }) => path);
}

test("a prefix means what is in it, with or without its slash, and never its siblings of similar name", async () => {
  for (const prefix of ["llama", "llama/"]) {
    assert.deepEqual(await paths(prefix), ["config.json", "sub/a.bin"]);
  }
  assert.deepEqual(await paths("llama/sub"), ["a.bin"]);
});

test("a URI that names an object delivers that object; an empty one marks a directory unless it is all there is", async () => {
  assert.deepEqual(await paths("llama.txt"), ["llama.txt"]);
  assert.deepEqual(await paths("llama/sub/a.bin"), ["a.bin"]);
  assert.deepEqual(await paths("qwen"), ["qwen"]);
  assert.deepEqual(await paths("phi"), ["config.json"]);
  assert.deepEqual(await paths("zero"), ["zero"]);
});

test("the whole bucket is delivered with its directories", async () => {
  assert.equal((await paths("")).length, Object.keys(objects).length - 1);
});

test("nothing is never a success", async () => {
  for (const prefix of ["lla", "nowhere", "llama/sub/a.bin/", "llama/none"]) {
    await assert.rejects(paths(prefix), { code: "not_found", message: /there are no files/ });
  }
  const { client } = memorySource({});
  await assert.rejects(scanSource(client, { provider: "memory", bucket: "none", key: "" }), { code: "not_found" });
});

test("a key that may not be read itself does not hide what may be listed below it; otherwise the refusal counts", async () => {
  const denied = new StorageError({ code: "permission_denied", operation: "stat", detail: "no", hint: "Ask." });
  const { client, uri } = memorySource(objects, { prefix: "llama" });
  const narrow: Storage = {
    ...client,
    provider: "memory",
    capabilities: client.capabilities,
    list: (prefix, options) => client.list(prefix, options),
    stat: () => Promise.reject(denied),
  };
  assert.equal((await scanSource(narrow, uri)).length, 2);
  await assert.rejects(scanSource(narrow, { ...uri, key: "nowhere" }), { code: "permission_denied" });
});

test("a listing of many pages is told of while it grows, and can be cancelled", async () => {
  const many = Object.fromEntries(Array.from({ length: 2500 }, (_, index) => [`m/${index}`, "x"]));
  const { client, uri } = memorySource(many);
  const found: number[] = [];
  assert.equal((await scanSource(client, uri, { onFound: (files) => found.push(files) })).length, 2500);
  assert.deepEqual(found, [1000, 2000, 2500]);
  const cancel = new AbortController();
  const scanning = scanSource(client, uri, { signal: cancel.signal, onFound: () => cancel.abort() });
  await assert.rejects(scanning, { code: "cancelled" });
});
