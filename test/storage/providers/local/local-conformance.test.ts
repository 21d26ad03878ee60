import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createStorageClient } from "../../../../src/storage/create-storage-client.ts";
import { runStorageConformance } from "../../../../src/testing/conformance/index.ts";

runStorageConformance({
  name: "local",
  test,
  open: async () => {
    const directory = await mkdtemp(join(tmpdir(), "model-agent-local-"));
    const { client, objectUri } = await createStorageClient({ storageUri: `local://${directory}/`, env: {} });
    const cleanup = () => rm(directory, { recursive: true, force: true });
    return { client, prefix: objectUri, cleanup };
  },
  capabilities: {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: false,
    digests: [],
    writes: true,
  },
  limits: {
    maxSegmentBytes: 255,
    emptySegments: false,
    directoryMarkers: false,
    nestedNames: false,
    minPartSize: 1024,
  },
});
