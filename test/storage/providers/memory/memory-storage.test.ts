import assert from "node:assert/strict";
import { test } from "node:test";
import { StorageError } from "../../../../src/errors.ts";
import { MemoryStorage } from "../../../../src/storage/providers/memory/client.ts";
import { type MemoryHook, MemoryStore } from "../../../../src/storage/providers/memory/memory-store.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { manualClock } from "../../../support/manual-clock.ts";

const uri = { provider: "memory", bucket: "b", key: "k" } as const;

test("keeps what it was given, whatever happens to the buffer later", async () => {
  const storage = new MemoryStorage(new MemoryStore({ buckets: ["b"], clock: manualClock(1000) }));
  const bytes = Buffer.from("before");
  const info = await storage.put(uri, bytes, { contentType: "text/plain" });
  bytes.fill(0);
  const source = await storage.locate(uri);
  await storage.put(uri, Buffer.from("after!"));
  assert.equal(Buffer.from(source.bytes).toString(), "before");
  assert.equal(info.contentType, "text/plain");
  assert.deepEqual(info.lastModified, new Date(1000));
});

test("can be a source that proves nothing", async () => {
  const storage = new MemoryStorage(new MemoryStore({ buckets: ["b"], digests: [] }));
  await storage.put(uri, Buffer.from("x"));
  assert.deepEqual((await storage.stat(uri)).digests, []);
  assert.deepEqual(storage.capabilities.digests, []);
});

test("digests a multipart upload as Amazon does", async () => {
  const storage = new MemoryStorage(new MemoryStore({ buckets: ["b"] }));
  const info = await storage.put(uri, Buffer.from("abcdefg"), { partSize: 3 });
  const md5 = info.digests.find((digest) => digest.algorithm === "md5");
  assert.ok(md5?.kind === "composite" && md5.partCount === 3 && md5.partSize === 3);
  assert.equal(info.etag, `"${md5.value}-3"`);
});

test("lets a hook fail or delay any operation", async () => {
  const calls: string[] = [];
  const hook: MemoryHook = async ({ operation, key }) => {
    calls.push(`${operation} ${key}`);
    if (operation === "stat") throw new StorageError({ code: "rate_limited", operation, detail: "no", hint: "Wait." });
  };
  const storage = new MemoryStorage(new MemoryStore({ buckets: ["b"], hook }));
  await storage.put(uri, Buffer.from("x"));
  await expectError(() => storage.stat(uri), "rate_limited");
  for await (const _info of storage.list(uri)) await storage.locate(uri);
  assert.deepEqual(calls, ["put k", "stat k", "list k", "locate k"]);
});

test("shares a store between clients and keeps stores apart", async () => {
  const store = new MemoryStore({ buckets: ["b"] });
  await new MemoryStorage(store).put(uri, Buffer.from("x"));
  assert.equal((await new MemoryStorage(store).stat(uri)).size, 1);
  const other = new MemoryStorage(new MemoryStore({ buckets: ["b"] }));
  await expectError(() => other.stat(uri), "not_found", "memory");
});

test("refuses a body that is not as long as announced", async () => {
  const storage = new MemoryStorage(new MemoryStore({ buckets: ["b"] }));
  await expectError(() => storage.put(uri, Buffer.from("abc"), { size: 4 }), "config_invalid", "memory");
});
