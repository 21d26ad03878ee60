import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { s3DigestAlgorithms } from "../../../../src/storage/providers/s3/digests.ts";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { type FakeS3Options, startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: s3DigestAlgorithms,
  writes: true,
};

const temporaryKeys = { ...testKeys, accessKeyId: "ASIATEMPORARY", sessionToken: "a/token+with=odd&characters" };

interface Configuration {
  readonly name: string;
  readonly server: FakeS3Options;
  readonly parameters?: Record<string, unknown>;
  readonly proxied?: boolean;
  readonly keys?: typeof testKeys & { readonly sessionToken?: string };
}

const configurations: readonly Configuration[] = [
  {
    name: "Amazon's behaviour",
    server: { buckets: ["models"] },
    parameters: { service: "aws", addressingStyle: "path" },
  },
  {
    name: "temporary keys",
    server: { buckets: ["models"], region: "eu-west-3" },
    keys: temporaryKeys,
    parameters: { service: "minio", region: "eu-west-3" },
  },
  {
    name: "versioned bucket",
    server: { buckets: [{ name: "models", versioning: true }] },
    parameters: { service: "aws", addressingStyle: "path" },
  },
  {
    name: "bucket in the host name",
    server: { buckets: ["models"], domain: "s3.test" },
    // No name service knows the bucket's host: the server stands in as the proxy that does.
    parameters: { endpoint: "http://s3.test", addressingStyle: "virtual" },
    proxied: true,
  },
  {
    name: "old compatible server",
    server: {
      buckets: ["models"],
      quirks: {
        anyRegion: true,
        noChecksums: true,
        refuseTrailers: true,
        refuseAttributes: true,
        echoContinuationToken: true,
        emptyCompleteEtag: true,
        unquotedCopyEtag: true,
        percentEncodedBlanks: true,
        ignorePartNumber: true,
      },
    },
  },
];

const started = await Promise.all(
  configurations.map(async (configuration) => ({
    ...configuration,
    server: await startFakeS3({ ...configuration.server, credentials: [testKeys, temporaryKeys] }),
  })),
);
after(() => Promise.all(started.map(({ server }) => server.close())));

for (const { name, server, parameters, proxied, keys = testKeys } of started) {
  const proxy = proxied === true ? { httpProxy: server.url } : {};
  runStorageConformance({
    name: `s3, ${name}`,
    test,
    capabilities,
    missingPlace: parseUri("s3://no-such-bucket/"),
    // Thousands of objects once are enough: paging is the same everywhere.
    limits: { objectCount: name === "Amazon's behaviour" ? 2501 : 50 },
    open: async () => {
      const prefix = parseUri(`s3://models/${randomUUID()}/`);
      const client = await openS3(server, prefix, { parameters: { ...parameters, ...proxy }, keys });
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
