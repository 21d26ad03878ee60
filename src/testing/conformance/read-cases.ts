import assert from "node:assert/strict";
import { isStorageError } from "../../errors.ts";
import { openRead } from "../../storage/open-read.ts";
import { readRange } from "../../storage/read-range.ts";
import type { Pin } from "../../storage/storage.ts";
import { isBulkStorage, isSequentialStorage } from "../../storage/storage-kinds.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { seededBytes } from "./conformance-context.ts";
import { expectError } from "./expect-error.ts";
import { namesWithin } from "./peculiar-names.ts";
import { readSource } from "./read-source.ts";

const size = 70_001;

/** Rules of `locate`, of the sources that it gives, and of the sequential fall-back. */
export const readCases: readonly ConformanceCase[] = [
  {
    name: "locates sources that are plain data",
    applies: (capabilities) => capabilities.locates,
    run: async (context) => {
      await context.seed("file", seededBytes(10));
      const source = await context.client.locate(context.uri("file"));
      const copy = structuredClone(source);
      assert.deepEqual(copy, source);
      assert.deepEqual(await readSource(copy, { offset: 0, length: 10 }), Buffer.from(seededBytes(10)));
      if (source.kind === "file") assert.ok(source.path.startsWith("/"), "paths are absolute");
      if (source.kind !== "http") return;
      assert.ok(URL.canParse(source.url), "URLs are absolute");
      assert.ok(source.expiresAt > Date.now(), "a source is good for a while");
      for (const name of Object.keys(source.headers)) assert.equal(name, name.toLowerCase());
    },
  },
  {
    name: "serves every range of an object from one source",
    applies: (capabilities) => capabilities.locates && capabilities.rangedReads,
    run: async (context) => {
      const bytes = seededBytes(size);
      await context.seed("file", bytes);
      const pin = await context.client.stat(context.uri("file"));
      const source = await context.client.locate(context.uri("file"), { pin });
      const ranges = [
        [0, size],
        [0, 1],
        [size - 1, size],
        [size >> 1, (size >> 1) + 1],
        [4095, 4097],
        [1, size - 1],
      ] as const;
      await Promise.all(
        ranges.map(async ([start, end]) => {
          const read = await readSource(source, { offset: start, length: end - start, size });
          assert.ok(Buffer.from(bytes.subarray(start, end)).equals(read), `bytes ${start} to ${end}`);
        }),
      );
    },
  },
  {
    name: "never gives bytes of another version than the pinned one",
    applies: (capabilities) => capabilities.locates && capabilities.pinnedReads,
    run: async (context) => {
      const old = seededBytes(size, 1);
      await context.seed("file", old);
      const uri = context.uri("file");
      const { etag, version } = await context.client.stat(uri);
      const pin: Pin = { size, etag, version };
      const before = await context.client.locate(uri, { pin });
      await context.seed("file", seededBytes(size, 2));
      await assertOldOrRefused(old, () => readSource(before, { offset: 100, length: 1000, size }));
      await assertOldOrRefused(old, async () => {
        return readSource(await context.client.locate(uri, { pin }), { offset: 100, length: 1000, size });
      });
      const current = await context.client.stat(uri);
      const after = await context.client.locate(uri, { pin: current });
      const read = await readSource(after, { offset: 100, length: 1000, size });
      assert.ok(Buffer.from(seededBytes(size, 2).subarray(100, 1100)).equals(read));
    },
  },
  {
    name: "reads whole objects and parts of them",
    run: async (context) => {
      const bytes = seededBytes(size);
      await context.seedAll(["file", "empty"], (name) => (name === "empty" ? new Uint8Array(0) : bytes));
      const read = (offset?: number, length?: number) =>
        readRange(context.client, context.uri("file"), { offset, length });
      assert.ok(Buffer.from(bytes).equals(await read()));
      assert.ok(Buffer.from(bytes.subarray(10, 30)).equals(await read(10, 20)));
      assert.ok(Buffer.from(bytes.subarray(size - 5)).equals(await read(size - 5, 100)));
      assert.equal((await read(size)).length, 0);
      assert.equal((await read(0, 0)).length, 0);
      assert.equal((await readRange(context.client, context.uri("empty"))).length, 0);
      await expectError(() => read(size + 1), "range_not_satisfiable", context.client.provider);
      await expectError(() => read(-1), "config_invalid", context.client.provider);
    },
  },
  {
    name: "reads objects with peculiar names",
    run: async (context) => {
      const names = namesWithin(context.limits, context.prefix.key);
      await context.seedAll(names, (name) => Buffer.from(name));
      for (const info of await context.list()) {
        const text = Buffer.from(await readRange(context.client, info.uri)).toString();
        assert.equal(text, info.key.slice(context.prefix.key.length));
      }
    },
  },
  {
    name: "fails with not_found when it reads what does not exist",
    run: async (context) => {
      const { client } = context;
      const uri = context.uri("missing");
      await expectError(() => readRange(client, uri), "not_found", client.provider);
      if (!isBulkStorage(client)) return;
      await expectError(async () => readSource(await client.locate(uri), { offset: 0, length: 1 }), "not_found");
    },
  },
  {
    name: "stops reading when its signal aborts",
    run: async (context) => {
      await context.seed("file", seededBytes(size));
      const signal = AbortSignal.abort();
      await expectError(() => readRange(context.client, context.uri("file"), { signal }), "cancelled");
    },
  },
  {
    name: "reads sequentially from any offset",
    applies: (capabilities) => !capabilities.locates,
    run: async (context) => {
      const bytes = seededBytes(size);
      await context.seed("file", bytes);
      const { client } = context;
      assert.ok(isSequentialStorage(client));
      assert.ok(Buffer.from(bytes).equals(await gather(client.read(context.uri("file")))));
      const tail = await gather(client.read(context.uri("file"), { offset: size - 100 }));
      assert.ok(Buffer.from(bytes.subarray(size - 100)).equals(tail));
      await expectError(() => client.locate(context.uri("file")), "unsupported", client.provider);
      const part = await gather(openRead(client, context.uri("file"), { offset: 7, length: 9 }));
      assert.ok(Buffer.from(bytes.subarray(7, 16)).equals(part));
    },
  },
];

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function assertOldOrRefused(old: Uint8Array, read: () => Promise<Uint8Array>): Promise<void> {
  try {
    const bytes = await read();
    assert.ok(Buffer.from(old.subarray(100, 1100)).equals(bytes), "the bytes are those of the pinned version");
  } catch (error) {
    if (!isStorageError(error)) throw error;
    assert.ok(["precondition_failed", "not_found"].includes(error.code), `refused as changed, not ${error.code}`);
  }
}
