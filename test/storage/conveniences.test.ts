import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StorageError } from "../../src/errors.ts";
import { collect } from "../../src/storage/collect.ts";
import { exists } from "../../src/storage/exists.ts";
import { createGlobFilter } from "../../src/storage/glob-filter.ts";
import { compareKeys } from "../../src/storage/key-order.ts";
import { listObjects } from "../../src/storage/list-objects.ts";
import { mapOrdered } from "../../src/storage/map-ordered.ts";
import { pathBelow } from "../../src/storage/path-below.ts";
import { MemoryStorage } from "../../src/storage/providers/memory/client.ts";
import { MemoryStore } from "../../src/storage/providers/memory/memory-store.ts";
import { isBulkStorage, isSequentialStorage, isWritableStorage } from "../../src/storage/storage-kinds.ts";
import { UnreadableStorage } from "../../src/storage/unreadable-storage.ts";
import { expectError } from "../../src/testing/conformance/index.ts";

const bucket = { provider: "memory", bucket: "b", key: "" } as const;

function storageOf(...keys: string[]): MemoryStorage {
  const store = new MemoryStore({ buckets: ["b"] });
  for (const key of keys) store.set("b", key, new Uint8Array(1));
  return new MemoryStorage(store);
}

test("compares keys as their UTF-8 bytes", () => {
  const key = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(key, key, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
      assert.equal(Math.sign(compareKeys(left, right)), expected);
    }),
  );
  assert.ok(compareKeys("\uff5e", "🦙") < 0);
});

test("names a path below what was listed", () => {
  const cases = [
    ["a/b/", "a/b/c/d", "c/d"],
    ["a/b", "a/b/c/d", "c/d"],
    ["a/mod", "a/model.bin", "model.bin"],
    ["a/mod", "a/model/x", "model/x"],
    ["a/model.bin", "a/model.bin", "model.bin"],
    ["", "a/b", "a/b"],
    ["a//", "a//b", "b"],
  ] as const;
  for (const [prefix, key, path] of cases) assert.equal(pathBelow(prefix, key), path, `${prefix} ${key}`);
});

test("matches globs against names at any depth and against paths", () => {
  const cases: [pattern: string, path: string, matches: boolean][] = [
    ["*.json", "config.json", true],
    ["*.json", "sub/config.json", true],
    ["*.json", "config.jsonl", false],
    ["*.JSON", "config.json", false],
    ["sub/*.json", "sub/config.json", true],
    ["sub/*.json", "sub/deep/config.json", false],
    ["sub/**", "sub/deep/config.json", true],
    ["sub/", "sub/deep/config.json", true],
    ["sub/", "other/sub/config.json", false],
    ["!(*.bin)", "a.json", true],
    ["**/*.json", "config.json", true],
    ["original/**", "originals/a", false],
    ["*", ".hidden", true],
    ["model-?????-of-?????.safetensors", "model-00001-of-00004.safetensors", true],
    ["*.{safetensors,json}", "a/b.json", true],
    ["config.json", "sub/config.json", true],
    ["*.bin", "a b+%.bin", true],
  ];
  for (const [pattern, path, matches] of cases) {
    assert.equal(createGlobFilter({ include: [pattern] })(path), matches, `${pattern} on ${path}`);
    assert.equal(createGlobFilter({ exclude: [pattern] })(path), !matches, `not ${pattern} on ${path}`);
  }
  assert.equal(createGlobFilter({ include: ["*.json"], exclude: ["config*"] })("config.json"), false);
  assert.equal(createGlobFilter({ include: [] })("anything"), true);
});

test("refuses globs that can match nothing before it lists", async () => {
  for (const pattern of ["", "  ", "/absolute", "!negated"]) {
    await expectError(async () => createGlobFilter({ include: [pattern] }), "config_invalid");
    await expectError(async () => listObjects(storageOf(), bucket, { exclude: [pattern] }), "config_invalid");
  }
});

test("lists what the globs want, relative to the prefix, until there is enough", async () => {
  const storage = storageOf("m/a.json", "m/b.bin", "m/sub/c.json", "m/sub/d.json", "n/e.json");
  const keys = async (options: Parameters<typeof listObjects>[2], key = "m/") =>
    (await collect(listObjects(storage, { ...bucket, key }, options))).map((info) => info.key);
  assert.deepEqual(await keys({ include: ["*.json"] }), ["m/a.json", "m/sub/c.json", "m/sub/d.json"]);
  assert.deepEqual(await keys({ include: ["sub/*"], exclude: ["d*"] }), ["m/sub/c.json"]);
  assert.deepEqual(await keys({ include: ["*.json"], maxResults: 2, pageSize: 1 }), ["m/a.json", "m/sub/c.json"]);
  assert.deepEqual(await keys({ include: ["sub/*"] }, "m"), ["m/sub/c.json", "m/sub/d.json"]);
  assert.deepEqual(await keys({ startAfter: "m/b.bin", exclude: ["*.none"] }), ["m/sub/c.json", "m/sub/d.json"]);
});

test("knows what exists, and does not take other failures for a no", async () => {
  const storage = storageOf("there");
  assert.equal(await exists(storage, { ...bucket, key: "there" }), true);
  assert.equal(await exists(storage, { ...bucket, key: "gone" }), false);
  const hook = () => {
    throw new StorageError({ code: "permission_denied", operation: "stat", detail: "no", hint: "Ask." });
  };
  const closed = new MemoryStorage(new MemoryStore({ buckets: ["b"], hook }));
  await expectError(() => exists(closed, { ...bucket, key: "there" }), "permission_denied");
});

test("tells kinds of storage apart", () => {
  const unreadable = new UnreadableStorage({ provider: "x", detail: "d", hint: "h", listsNothing: true });
  assert.deepEqual(
    [isBulkStorage, isSequentialStorage, isWritableStorage].map((is) => is(storageOf())),
    [true, false, true],
  );
  assert.deepEqual(
    [isBulkStorage, isSequentialStorage, isWritableStorage].map((is) => is(unreadable)),
    [false, false, false],
  );
});

test("maps in order with bounded concurrency", async () => {
  let running = 0;
  let most = 0;
  const items = async function* () {
    for (let index = 0; index < 20; index++) yield index;
  };
  const slow = async (item: number) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
    running -= 1;
    return item * 2;
  };
  assert.deepEqual(
    await collect(mapOrdered(items(), 4, slow)),
    Array.from({ length: 20 }, (_, index) => index * 2),
  );
  assert.equal(most, 4);
  const failing = async (item: number) => {
    if (item === 3) throw new Error("three");
    return item;
  };
  await assert.rejects(collect(mapOrdered(items(), 4, failing)), /three/);
});
