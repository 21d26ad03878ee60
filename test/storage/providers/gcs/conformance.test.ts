import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { gcsDigestAlgorithms } from "../../../../src/storage/providers/gcs/object-resource.ts";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { startFakeGcs } from "../../../../src/testing/fake-gcs/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { startTokenServices } from "../../../support/gcp/fake-token-services.ts";
import { createServiceAccount } from "../../../support/gcp/service-account.ts";
import { openGcs } from "../../../support/open-gcs.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: gcsDigestAlgorithms,
  writes: true,
};

const account = createServiceAccount();
const [server, services] = await Promise.all([
  startFakeGcs({ buckets: ["models", { name: "paid", requesterPays: true }], rewriteSize: 4000 }),
  startTokenServices({ now: Date.now }),
]);
services.accounts.push(account);
services.onToken = (token, email) => server.addToken({ token, email, projects: ["payer"] });
after(() => Promise.all([server.close(), services.close()]));

for (const { name, root } of [
  { name: "a bucket of its owner", root: "gs://models" },
  { name: "a bucket that charges its readers", root: "gcp://payer/paid" },
]) {
  runStorageConformance({
    name: `gcs, ${name}`,
    test,
    capabilities,
    missingPlace: parseUri("gs://no-such-bucket/"),
    // Thousands of objects once are enough: paging is the same everywhere.
    limits: { objectCount: name === "a bucket of its owner" ? 2501 : 50, minPartSize: 256 * 1024 },
    open: async () => {
      const prefix = parseUri(`${root}/${randomUUID()}/`);
      const client = await openGcs(prefix, {
        parameters: { endpoint: server.url },
        secret: { keyJson: account.keyFile(services.tokenUri) },
      });
      return {
        client,
        prefix,
        cleanup: async () => {
          await client.close();
          const bucket = root.split("/").at(-1) ?? "";
          for (const key of server.keys(bucket)) server.deleteObject(bucket, key);
        },
      };
    },
  });
}
