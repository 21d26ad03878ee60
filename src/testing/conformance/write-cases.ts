import assert from "node:assert/strict";
import { exists } from "../../storage/exists.ts";
import { readRange } from "../../storage/read-range.ts";
import { digestHolds } from "./compute-digest.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { type ConformanceContext, seededBytes } from "./conformance-context.ts";
import { expectError } from "./expect-error.ts";

const writes: ConformanceCase["applies"] = (capabilities) => capabilities.writes;

/** Rules of the second port, for storages that write. */
export const writeCases: readonly ConformanceCase[] = [
  {
    name: "puts bytes and replaces them",
    applies: writes,
    run: async (context) => {
      const uri = context.uri("dir/file");
      for (const [seed, size] of [
        [1, 1000],
        [2, 10],
        [3, 0],
      ] as const) {
        const info = await context.writer.put(uri, seededBytes(size, seed));
        assert.equal(info.key, uri.key);
        assert.equal(info.size, size);
        await assertStored(context, "dir/file", seededBytes(size, seed));
      }
    },
  },
  {
    name: "puts a stream whose size is announced",
    applies: writes,
    run: async (context) => {
      const bytes = seededBytes(300_000);
      await context.writer.put(context.uri("file"), chunked(bytes, 70_000), { size: bytes.length });
      await assertStored(context, "file", bytes);
    },
  },
  {
    name: "uploads in parts and digests them truly",
    applies: writes,
    run: async (context) => {
      const partSize = context.limits.minPartSize;
      const bytes = seededBytes(partSize * 2 + 1);
      await context.writer.put(context.uri("file"), bytes, { partSize });
      await assertStored(context, "file", bytes);
      const { digests } = await context.client.stat(context.uri("file"));
      for (const digest of digests) {
        if (digest.confidence === "inferred") continue;
        const holds = await digestHolds(digest, bytes);
        assert.notEqual(holds, false, `${digest.kind} ${digest.algorithm} is true`);
      }
      await context.writer.put(context.uri("stream"), chunked(bytes, 1_000_000), { partSize, size: bytes.length });
      await assertStored(context, "stream", bytes);
    },
  },
  {
    name: "creates only what does not exist when asked to",
    applies: writes,
    run: async (context) => {
      const uri = context.uri("file");
      await context.writer.put(uri, seededBytes(5, 1), { ifNoneMatch: true });
      const again = () => context.writer.put(uri, seededBytes(5, 2), { ifNoneMatch: true });
      await expectError(again, "precondition_failed", context.client.provider);
      await assertStored(context, "file", seededBytes(5, 1));
    },
  },
  {
    name: "copies within the provider",
    applies: writes,
    run: async (context) => {
      const bytes = seededBytes(5000);
      await context.writer.put(context.uri("from +%/ä"), bytes);
      const info = await context.writer.copy(context.uri("from +%/ä"), context.uri("to/file"));
      assert.equal(info.key, context.uri("to/file").key);
      assert.equal(info.size, bytes.length);
      await assertStored(context, "to/file", bytes);
      await assertStored(context, "from +%/ä", bytes);
      const missing = () => context.writer.copy(context.uri("missing"), context.uri("to/other"));
      await expectError(missing, "not_found", context.client.provider);
    },
  },
  {
    name: "deletes, also what is gone already",
    applies: writes,
    run: async (context) => {
      await context.seedAll(["a", "b"], () => seededBytes(1));
      await context.writer.delete(context.uri("a"));
      await context.writer.delete(context.uri("a"));
      await context.writer.delete(context.uri("never/there"));
      assert.equal(await exists(context.client, context.uri("a")), false);
      assert.equal(await exists(context.client, context.uri("b")), true);
      assert.deepEqual(await context.names(), ["b"]);
    },
  },
  {
    name: "stores nothing when its signal has aborted",
    applies: writes,
    run: async (context) => {
      const uri = context.uri("file");
      const signal = AbortSignal.abort();
      await expectError(() => context.writer.put(uri, seededBytes(10), { signal }), "cancelled");
      await expectError(() => context.writer.delete(uri, { signal }), "cancelled");
      assert.equal(await exists(context.client, uri), false);
    },
  },
  {
    name: "stores nothing when the body breaks off",
    applies: writes,
    run: async (context) => {
      const uri = context.uri("file");
      await assert.rejects(async () => context.writer.put(uri, breaking(), { size: 1000 }));
      assert.equal(await exists(context.client, uri), false);
    },
  },
];

async function assertStored(context: ConformanceContext, name: string, bytes: Uint8Array): Promise<void> {
  const info = await context.client.stat(context.uri(name));
  assert.equal(info.size, bytes.length);
  const stored = await readRange(context.client, context.uri(name));
  assert.ok(Buffer.from(bytes).equals(stored), `${name} holds what was put`);
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield seededBytes(500);
  throw new Error("the reader of the body failed");
}
