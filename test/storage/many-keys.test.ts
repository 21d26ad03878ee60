import assert from "node:assert/strict";
import { test } from "node:test";
import { paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { collect } from "../../src/storage/collect.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { startFakeAzure } from "../../src/testing/fake-azure/index.ts";
import { startFakeGcs } from "../../src/testing/fake-gcs/index.ts";
import { startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { startFakeOci } from "../../src/testing/fake-oci/index.ts";
import { startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../src/uri/parse-uri.ts";
import { openAzure } from "../support/azure/open-azure.ts";
import { createTestUser, knownKey } from "../support/oci/api-key.ts";
import { openOci, secretOf } from "../support/oci/open-oci.ts";
import { openGcs } from "../support/open-gcs.ts";
import { openHub } from "../support/open-hub.ts";
import { openS3 } from "../support/open-s3.ts";
import { sdkGcsClient } from "../support/sdk-gcs-client.ts";
import { sdkS3Client, testKeys } from "../support/sdk-s3-client.ts";

/** Ten pages and more of every service, with a name on both sides of the prefix. */
const names = Array.from({ length: 10_000 }, (_, index) => `many/${String(index).padStart(5, "0")}`);
const all = ["manx", ...names, "many0"];

const token = { token: "good", email: "reader@example.com" };

async function listed(client: Storage, uri: string): Promise<readonly string[]> {
  try {
    return (await collect(client.list(parseUri(uri)))).map(({ key }) => key);
  } finally {
    await client.close();
  }
}

test("10,000 keys of S3, as the official SDK lists them", async (t) => {
  const server = await startFakeS3({ buckets: ["models"], credentials: [testKeys] });
  t.after(() => server.close());
  for (const name of all) await server.putObject("models", name, "");
  assert.deepEqual(await listed(await openS3(server, "s3://models/"), "s3://models/many/"), names);
  const sdk = sdkS3Client(server.url);
  const theirs: string[] = [];
  for await (const page of paginateListObjectsV2({ client: sdk }, { Bucket: "models", Prefix: "many/" })) {
    theirs.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
  }
  sdk.destroy();
  assert.deepEqual(theirs, names);
});

test("10,000 keys of Google Cloud Storage, as the official client lists them", async (t) => {
  const server = await startFakeGcs({ buckets: [{ name: "models", publicRead: true }], tokens: [token] });
  t.after(() => server.close());
  for (const name of all) await server.putObject("models", name, "");
  const parameters = { endpoint: server.url, auth: "anonymous" };
  assert.deepEqual(await listed(await openGcs("gs://models/", { parameters }), "gs://models/many/"), names);
  const [theirs] = await sdkGcsClient(server.url, token.token).bucket("models").getFiles({ prefix: "many/" });
  assert.deepEqual(
    theirs.map(({ name }) => name),
    names,
  );
});

test("10,000 keys of Azure, as the official SDK lists them", async (t) => {
  const server = await startFakeAzure({ containers: ["models"] });
  t.after(() => server.close());
  for (const name of all) server.putBlob("models", name, "");
  const { account, accountKey } = server;
  const uri = `azure://${account}/models/many/`;
  assert.deepEqual(await listed(await openAzure(server, uri, { secret: { accountKey } }), uri), names);
  const credential = new StorageSharedKeyCredential(account, accountKey);
  const container = new BlobServiceClient(`${server.url}/${account}`, credential).getContainerClient("models");
  const theirs: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix: "many/" })) theirs.push(name);
  assert.deepEqual(theirs, names);
});

test("10,000 keys of OCI", async (t) => {
  const user = createTestUser();
  const server = await startFakeOci({ buckets: ["models"], keys: [knownKey(user)] });
  t.after(() => server.close());
  for (const name of all) await server.putObject("models", name, "");
  const uri = "oci://n/testspace/b/models/o/many/";
  assert.deepEqual(await listed(await openOci(server, uri, { secret: secretOf(user) }), uri), names);
});

test("10,000 files of a repository of the Hub", async (t) => {
  const hub = await startFakeHub();
  t.after(() => hub.close());
  hub.commit("org/model", Object.fromEntries(all.map((name) => [name, ""])));
  const { client } = await openHub(hub, "hf://org/model");
  assert.deepEqual(
    (await listed(client, "hf://org/model")).filter((name) => name.startsWith("man")),
    all,
  );
});
