import assert from "node:assert/strict";
import type { ObjectInfo } from "../../storage/storage.ts";
import { digestHolds } from "./compute-digest.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { type ConformanceContext, seededBytes } from "./conformance-context.ts";
import { expectError } from "./expect-error.ts";

/** Rules of `stat`, and of what listings and `stat` say about the same object. */
export const statCases: readonly ConformanceCase[] = [
  {
    name: "claims the capabilities that it is tested by",
    run: async ({ client }) => {
      assert.ok(client.provider.length > 0);
      assert.equal("put" in client, client.capabilities.writes);
      assert.equal("read" in client, !client.capabilities.locates);
    },
  },
  {
    name: "describes objects as its listing does",
    run: async (context) => {
      await context.seed("dir/file.bin", seededBytes(1234));
      const [entry] = await context.list();
      const info = await context.client.stat(context.uri("dir/file.bin"));
      assert.ok(entry !== undefined);
      assert.equal(info.key, context.uri("dir/file.bin").key);
      assert.equal(info.uri.key, info.key);
      assert.equal(info.size, 1234);
      assert.equal(entry.size, 1234);
      assert.equal(info.digestsFinal, true, "stat leaves nothing to ask");
      assert.equal(info.directoryMarker, false);
      if (entry.etag !== undefined) assert.equal(entry.etag, info.etag);
      if (context.capabilities.pinnedReads) {
        assert.ok(info.etag !== undefined || info.version !== undefined, "something to pin a read to");
      }
    },
  },
  {
    name: "offers digests that are true",
    run: async (context) => {
      for (const [index, size] of [0, 1, 100_000].entries()) {
        const name = `file-${index}`;
        const bytes = seededBytes(size, index + 1);
        await context.seed(name, bytes);
        const info = await context.client.stat(context.uri(name));
        await assertDigests(context, info, bytes);
        if (context.limits.offersDigests) assert.ok(info.digests.length > 0, `a digest of ${size} bytes`);
      }
      for (const info of await context.list()) {
        const index = Number(info.key.at(-1));
        await assertDigests(context, info, seededBytes([0, 1, 100_000][index] ?? 0, index + 1));
      }
    },
  },
  {
    name: "names another version after an object is replaced",
    applies: (capabilities) => capabilities.pinnedReads,
    run: async (context) => {
      await context.seed("file", seededBytes(50, 1));
      const before = await context.client.stat(context.uri("file"));
      await context.seed("file", seededBytes(50, 2));
      const after = await context.client.stat(context.uri("file"));
      assert.notDeepEqual([after.etag, after.version], [before.etag, before.version]);
    },
  },
  {
    name: "fails with not_found for what does not exist, a directory included",
    run: async (context) => {
      await context.seed("dir/file", seededBytes(1));
      const { client } = context;
      await expectError(() => client.stat(context.uri("missing")), "not_found", client.provider);
      await expectError(() => client.stat(context.uri("dir")), "not_found", client.provider);
      await expectError(() => client.stat(context.uri("dir/file/below")), "not_found", client.provider);
    },
  },
  {
    name: "does not start when its signal has aborted",
    run: async (context) => {
      await context.seed("file", seededBytes(1));
      const uri = context.uri("file");
      const signal = AbortSignal.abort();
      await expectError(() => context.client.stat(uri, { signal }), "cancelled");
      await expectError(() => context.client.locate(uri, { signal }), "cancelled");
      const expired = AbortSignal.timeout(1);
      await new Promise((resolve) => expired.addEventListener("abort", resolve, { once: true }));
      await expectError(() => context.client.stat(uri, { signal: expired }), ["timeout", "cancelled"]);
    },
  },
  {
    name: "refuses URIs of another provider",
    run: async (context) => {
      const { client } = context;
      const foreign = { provider: "plugin", scheme: "foreign", authority: "place", key: "file" } as const;
      await expectError(() => client.stat(foreign), "config_invalid", client.provider);
      await expectError(() => client.locate(foreign), "config_invalid", client.provider);
      const listing = async (): Promise<void> => {
        for await (const _info of client.list(foreign)) assert.fail("a foreign URI lists nothing");
      };
      await expectError(listing, "config_invalid", client.provider);
    },
  },
];

async function assertDigests(context: ConformanceContext, info: ObjectInfo, bytes: Uint8Array): Promise<void> {
  for (const digest of info.digests) {
    assert.ok(context.capabilities.digests.includes(digest.algorithm), `${digest.algorithm} is among the capabilities`);
    assert.match(digest.value, /^(?:[0-9a-f]{2})+$/, "a digest is lower-case hexadecimal");
    if (digest.kind === "composite" && digest.confidence === "inferred") continue;
    const holds = await digestHolds(digest, bytes);
    assert.notEqual(holds, false, `${digest.kind} ${digest.algorithm} of ${bytes.length} bytes is true`);
  }
}
