import { test } from "node:test";
import { MemoryStorage } from "../../../../src/storage/providers/memory/client.ts";
import { MemoryStore } from "../../../../src/storage/providers/memory/memory-store.ts";
import { runStorageConformance } from "../../../../src/testing/conformance/index.ts";

runStorageConformance({
  name: "memory",
  test,
  open: async () => {
    const client = new MemoryStorage(new MemoryStore({ buckets: ["bucket"] }));
    const prefix = { provider: "memory", bucket: "bucket", key: "some/prefix/" } as const;
    return { client, prefix, cleanup: () => client.close() };
  },
  capabilities: {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ["crc32", "md5"],
    writes: true,
  },
  missingPlace: { provider: "memory", bucket: "nowhere", key: "" },
});
