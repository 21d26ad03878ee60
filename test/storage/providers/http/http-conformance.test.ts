import { test } from "node:test";
import { createStorageClient } from "../../../../src/storage/create-storage-client.ts";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { type ConformanceLimits, runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { StaticHttpServer, type StaticHttpServerOptions } from "../../../support/static-http-server.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: ["sha256", "sha1", "git-sha1", "md5", "crc64nvme", "crc32c", "crc32"],
  writes: false,
};

const limits: ConformanceLimits = {
  emptySegments: false,
  directoryMarkers: false,
  nestedNames: false,
  offersDigests: true,
};

function conformance(name: string, options: StaticHttpServerOptions, more: ConformanceLimits = {}): void {
  runStorageConformance({
    name,
    test,
    open: async () => {
      const server = await new StaticHttpServer({ digests: true, ...options }).start();
      const storageUri = `${server.origin}/models/a%20b/`;
      server.write("models/other/file", "outside of the place under test");
      server.files.set("models/a b/", { bytes: new Uint8Array(0), modified: new Date(0) });
      const { client, objectUri } = await createStorageClient({ storageUri, env: {} });
      return {
        client,
        prefix: objectUri,
        seed: async (uri, bytes) => server.write(uri.key, bytes),
        cleanup: async () => {
          await client.close();
          await server.stop();
        },
      };
    },
    capabilities,
    limits: { ...limits, ...more },
  });
}

conformance("http, nginx", { index: "nginx" });
conformance("http, nginx in JSON", { index: "nginx-json", validator: "weak" }, { objectCount: 100 });
conformance("http, Apache, HEAD refused", { index: "apache", headStatus: 405 }, { objectCount: 100 });
conformance("http, Python", { index: "python", validator: "last-modified" }, { objectCount: 100 });
conformance("http, Caddy", { index: "caddy", lengthless: true }, { objectCount: 100 });
conformance("http, Caddy in JSON", { index: "caddy-json", digests: false }, { objectCount: 100, offersDigests: false });
