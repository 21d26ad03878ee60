import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { ociDigestAlgorithms } from "../../../../src/storage/providers/oci/digests.ts";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { startFakeOci } from "../../../../src/testing/fake-oci/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { createTestUser, knownKey } from "../../../support/oci/api-key.ts";
import { openOci, secretOf } from "../../../support/oci/open-oci.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: ociDigestAlgorithms,
  writes: true,
};

const user = createTestUser();
const servers = {
  plain: await startFakeOci({ buckets: ["models"], keys: [knownKey(user)], copyPolls: 0 }),
  versioned: await startFakeOci({
    buckets: [{ name: "models", versioning: true }],
    keys: [knownKey(user)],
    copyPolls: 0,
  }),
};
after(() => Promise.all(Object.values(servers).map((server) => server.close())));

const configurations = [
  { name: "namespace in the URI", server: servers.plain, uri: "oci://n/testspace/b/models/o/", objectCount: 2501 },
  { name: "namespace found", server: servers.plain, uri: "oci://models/", objectCount: 50 },
  {
    name: "region in the URI, versions kept",
    server: servers.versioned,
    uri: "oci://testspace@us-ashburn-1/models/",
    objectCount: 50,
  },
];

for (const { name, server, uri, objectCount } of configurations) {
  runStorageConformance({
    name: `oci, ${name}`,
    test,
    capabilities,
    missingPlace: parseUri("oci://n/testspace/b/no-such-bucket/o/"),
    limits: { objectCount, minPartSize: 10 * 1024 * 1024 },
    open: async () => {
      const prefix = parseUri(`${uri}${randomUUID()}/`);
      const client = await openOci(server, prefix, { secret: secretOf(user) });
      return {
        client,
        prefix,
        cleanup: async () => {
          await client.close();
          for (const key of server.keys("models")) server.deleteObject("models", key);
        },
      };
    },
  });
}
