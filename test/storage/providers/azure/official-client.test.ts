import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import { BlobServiceClient, ContainerClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { startFakeAzure } from "../../../../src/testing/fake-azure/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openAzure } from "../../../support/azure/open-azure.ts";
import { containerSas } from "../../../support/azure/sas.ts";

async function start(t: TestContext) {
  const server = await startFakeAzure({ containers: ["models"], pageSize: 3 });
  t.after(() => server.close());
  const { account, accountKey } = server;
  const login = new StorageSharedKeyCredential(account, accountKey);
  return {
    server,
    service: new BlobServiceClient(`${server.url}/${account}`, login, { retryOptions: { maxTries: 1 } }),
  };
}

test("the official SDK uploads, lists, reads ranges, copies and deletes on the fake", async (t) => {
  const { server, service } = await start(t);
  const container = service.getContainerClient("more");
  await container.create();
  const bytes = Buffer.alloc(100_000, "official");
  await container.getBlockBlobClient("a b/ü+%.bin").uploadData(bytes, { blockSize: 30_000, maxSingleShotSize: 1 });
  for (const name of ["1", "2", "3", "4"]) await container.uploadBlockBlob(name, name, 1);
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  assert.deepEqual(names, ["1", "2", "3", "4", "a b/ü+%.bin"]);
  const blob = container.getBlobClient("a b/ü+%.bin");
  assert.ok((await blob.downloadToBuffer(10, 50)).equals(bytes.subarray(10, 60)));
  const md5 = await blob.download(0, 10, { rangeGetContentMD5: true });
  assert.equal(md5.contentMD5?.length, 16);
  const poller = await container.getBlobClient("copy").beginCopyFromURL(blob.url);
  assert.equal((await poller.pollUntilDone()).copyStatus, "success");
  await blob.delete();
  await assert.rejects(blob.getProperties(), { statusCode: 404 });
  assert.deepEqual(server.names("more"), ["1", "2", "3", "4", "copy"]);
});

test("the fake refuses the official SDK with a wrong key and with what a signature does not allow", async (t) => {
  const { server } = await start(t);
  const wrong = new StorageSharedKeyCredential(server.account, Buffer.from("wrong").toString("base64"));
  const refused = new ContainerClient(`${server.url}/${server.account}/models`, wrong, {
    retryOptions: { maxTries: 1 },
  });
  await assert.rejects(refused.uploadBlockBlob("x", "x", 1), { statusCode: 403, code: "AuthenticationFailed" });
  const url = `${server.url}/${server.account}/models?${containerSas(server, "models", { permissions: "r" })}`;
  await assert.rejects(new ContainerClient(url).uploadBlockBlob("x", "x", 1), {
    code: "AuthorizationPermissionMismatch",
  });
});

test("what the official SDK wrote we describe with its MD5, and what we wrote it reads", async (t) => {
  const { server, service } = await start(t);
  const container = service.getContainerClient("models");
  await container.uploadBlockBlob("theirs", "theirs", 6);
  const client = await openAzure(server, "azure://testaccount/models/", { secret: { accountKey: server.accountKey } });
  t.after(() => client.close());
  const info = await client.stat(parseUri("azure://testaccount/models/theirs"));
  assert.deepEqual(
    info.digests.map(({ algorithm, value }) => [algorithm, value]),
    [["md5", createHash("md5").update("theirs").digest("hex")]],
  );
  await client.put(parseUri("azure://testaccount/models/ours"), Buffer.alloc(5_000, 7), { partSize: 2_000 });
  assert.equal((await container.getBlobClient("ours").downloadToBuffer()).length, 5_000);
  assert.equal((await container.getBlobClient("ours").getProperties()).contentMD5?.length, 16);
});
