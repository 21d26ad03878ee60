import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
// In a project of your own: from "model-agent/storage" and "model-agent/testing".
import { createProviderRegistry, createStorageClient } from "../../src/public/storage.ts";
import { type RegisterTest, runStorageConformance } from "../../src/testing/index.ts";
import { PackedLibrary } from "./packed-library.ts";
import { packedProvider } from "./packed-provider.ts";

/** Registers the conformance tests of the provider; `test` is that of node:test, Vitest or Jest. */
export function provePacked(test: RegisterTest): void {
  runStorageConformance({
    name: "packed",
    test,
    open: async () => {
      const library = new PackedLibrary(await mkdtemp(join(tmpdir(), "packed-")));
      await library.writeCatalogue();
      const { client, objectUri } = await createStorageClient({
        storageUri: "packed:///some/prefix/",
        registry: createProviderRegistry([packedProvider]),
        parameters: { library: library.directory },
      });
      return {
        client,
        prefix: objectUri,
        seed: (uri, bytes) => library.add(uri.key, bytes),
        cleanup: () => rm(library.directory, { recursive: true }),
      };
    },
    capabilities: {
      rangedReads: false,
      locates: false,
      orderedListing: true,
      delimiter: true,
      pinnedReads: true,
      digests: ["sha256"],
      writes: false,
    },
    limits: { directoryMarkers: false, objectCount: 100 },
  });
}
