import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { azureDigestAlgorithms } from "../../../../src/storage/providers/azure/digests.ts";
import type { Capabilities } from "../../../../src/storage/storage.ts";
import { systemClock } from "../../../../src/telemetry/clock.ts";
import { runStorageConformance } from "../../../../src/testing/conformance/index.ts";
import { startFakeAzure } from "../../../../src/testing/fake-azure/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { startAzureMetadata } from "../../../support/azure/fake-metadata.ts";
import { openAzure } from "../../../support/azure/open-azure.ts";
import { containerSas } from "../../../support/azure/sas.ts";
import { storageClaims } from "../../../support/azure/tokens.ts";

const capabilities: Capabilities = {
  rangedReads: true,
  locates: true,
  orderedListing: true,
  delimiter: true,
  pinnedReads: true,
  digests: azureDigestAlgorithms,
  writes: true,
};

const server = await startFakeAzure({
  containers: ["models"],
  pageSize: 250,
  bearer: (token) => (storageClaims(token, Date.now()) === undefined ? undefined : "write"),
});
const metadata = await startAzureMetadata(systemClock);
after(() => Promise.all([server.close(), metadata.close()]));

const { accountKey: key } = server;
const missingPlace = parseUri("azure://testaccount/no-such-container/");
const configurations = [
  {
    name: "account key",
    uri: "azure://testaccount/models/",
    secret: { accountKey: key },
    objectCount: 601,
    missingPlace,
  },
  {
    name: "managed identity",
    uri: "azure://testaccount/models/",
    env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.url },
    objectCount: 50,
    missingPlace,
  },
  {
    name: "shared access signature",
    uri: "az://models/",
    secret: { sasToken: `?${containerSas(server, "models")}`, account: "testaccount" },
    objectCount: 50,
  },
  {
    name: "connection string",
    uri: "az://models/",
    secret: { connectionString: `AccountName=testaccount;AccountKey=${key};EndpointSuffix=core.windows.net` },
    objectCount: 50,
  },
];

for (const { name, uri, secret, env, objectCount, missingPlace } of configurations) {
  runStorageConformance({
    name: `azure, ${name}`,
    test,
    capabilities,
    missingPlace,
    limits: { objectCount, minPartSize: 1024 * 1024 },
    open: async () => {
      const prefix = parseUri(`${uri}${randomUUID()}/`);
      const client = await openAzure(server, prefix, { secret, env });
      return {
        client,
        prefix,
        cleanup: async () => {
          await client.close();
          for (const blob of server.names("models")) server.deleteBlob("models", blob);
        },
      };
    },
  });
}
