import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { crc32c } from "@node-rs/crc32";
import { NoRetryConfigurationDetails, Region, SimpleAuthenticationDetailsProvider } from "oci-common";
import { type models, ObjectStorageClient, UploadManager } from "oci-objectstorage";
import { OciFailure, startFakeOci } from "../../../src/testing/fake-oci/index.ts";
import { createTestUser, knownKey, type TestUser } from "../../support/oci/api-key.ts";

const user = createTestUser();
const reader = createTestUser("reader");
const stranger = createTestUser("stranger");
const minPartSize = 1024;
const fake = await startFakeOci({
  buckets: ["models"],
  keys: [knownKey(user), knownKey(reader, "read"), knownKey(stranger, "none")],
  minPartSize,
  intercept: ({ object }) => (object === "broken" ? new OciFailure(500, "InternalServerError", "broken") : undefined),
});
after(() => fake.close());
// The SDK writes its failures to the console.
console.warn = () => {};

function clientOf({ tenancy, user: id, fingerprint, pem }: TestUser): ObjectStorageClient {
  const provider = new SimpleAuthenticationDetailsProvider(tenancy, id, fingerprint, pem, null, Region.US_ASHBURN_1);
  const client = new ObjectStorageClient(
    { authenticationDetailsProvider: provider },
    { retryConfiguration: NoRetryConfigurationDetails, circuitBreaker: { noCircuit: true } as never },
  );
  client.endpoint = fake.url;
  return client;
}

const sdk = clientOf(user);
const place = { namespaceName: fake.namespace, bucketName: "models" };

async function refusal(
  promise: Promise<unknown>,
): Promise<{ statusCode?: number; serviceCode?: string; opcRequestId?: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as Awaited<ReturnType<typeof refusal>>;
  }
  return assert.fail("it should have been refused");
}

async function bytesOf(value: unknown): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of value as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("the SDK finds the namespace", async () => {
  assert.equal((await sdk.getNamespace({})).value, fake.namespace);
});

test("the SDK uploads, describes, reads and deletes", async () => {
  const bytes = randomBytes(5000);
  const md5 = createHash("md5").update(bytes).digest("base64");
  const put = await sdk.putObject({
    ...place,
    objectName: "dir/a b+c%20ä",
    contentLength: bytes.length,
    putObjectBody: bytes,
    contentMD5: md5,
    contentType: "text/x-test",
    opcMeta: { origin: "test" },
  });
  assert.equal(put.opcContentMd5, md5);
  const head = await sdk.headObject({ ...place, objectName: "dir/a b+c%20ä" });
  assert.equal(head.contentLength, bytes.length);
  assert.equal(head.contentMd5, md5);
  assert.equal(head.eTag, put.eTag);
  assert.equal(head.contentType, "text/x-test");
  assert.equal(head.opcMeta?.["opc-meta-origin"], "test");
  assert.equal(head.versionId, put.versionId);
  const whole = await sdk.getObject({ ...place, objectName: "dir/a b+c%20ä", ifMatch: put.eTag });
  assert.ok(bytes.equals(await bytesOf(whole.value)));
  const range = { startByte: 100, endByte: 199 } as never;
  const part = await sdk.getObject({ ...place, objectName: "dir/a b+c%20ä", range });
  assert.ok(bytes.subarray(100, 200).equals(await bytesOf(part.value)));
  await sdk.deleteObject({ ...place, objectName: "dir/a b+c%20ä" });
  const gone = await refusal(sdk.headObject({ ...place, objectName: "dir/a b+c%20ä" }));
  assert.equal(gone.statusCode, 404);
});

test("the SDK's upload manager sends parts, and the service tells their digest", async () => {
  const bytes = randomBytes(minPartSize * 3 + 17);
  const manager = new UploadManager(sdk, {
    partSize: minPartSize,
    maxConcurrentUploads: 2,
    allowedMultipartUploads: true,
  } as never);
  await manager.upload({
    requestDetails: { ...place, objectName: "parts" },
    content: { stream: Readable.from([bytes]), blob: undefined } as never,
  } as never);
  const head = await sdk.headObject({ ...place, objectName: "parts" });
  const digests = [0, 1, 2, 3].map((index) =>
    createHash("md5")
      .update(bytes.subarray(index * minPartSize, (index + 1) * minPartSize))
      .digest(),
  );
  const composite = createHash("md5").update(Buffer.concat(digests)).digest("base64");
  assert.equal(head.opcMultipartMd5, `${composite}-4`);
  assert.equal(head.contentMd5, undefined);
  assert.ok(bytes.equals(fake.objectBytes("models", "parts") ?? Buffer.alloc(0)));
  assert.equal(fake.unfinishedUploads, 0);
});

test("a multipart upload with CRC32C gets that of the whole", async () => {
  const bytes = randomBytes(minPartSize * 2);
  const created = await sdk.createMultipartUpload({
    ...place,
    createMultipartUploadDetails: { object: "summed" },
    opcChecksumAlgorithm: "CRC32C" as never,
  });
  const uploadId = created.multipartUpload.uploadId;
  const partsToCommit: models.CommitMultipartUploadPartDetails[] = [];
  for (const partNum of [1, 2]) {
    const piece = bytes.subarray((partNum - 1) * minPartSize, partNum * minPartSize);
    const part = await sdk.uploadPart({
      ...place,
      objectName: "summed",
      uploadId,
      uploadPartNum: partNum,
      contentLength: piece.length,
      uploadPartBody: piece as never,
    });
    partsToCommit.push({ partNum, etag: part.eTag });
  }
  const commit = { ...place, objectName: "summed", uploadId, commitMultipartUploadDetails: { partsToCommit } };
  await sdk.commitMultipartUpload(commit);
  const expected = Buffer.alloc(4);
  expected.writeUInt32BE(crc32c(bytes));
  const head = await sdk.headObject({ ...place, objectName: "summed" });
  assert.equal(head.opcContentCrc32c, expected.toString("base64"));
  assert.match(head.opcMultipartMd5 ?? "", /-2$/);
});

test("parts that are too small, in the wrong order or wrongly named are refused", async () => {
  const begin = async () =>
    (await sdk.createMultipartUpload({ ...place, createMultipartUploadDetails: { object: "small" } })).multipartUpload
      .uploadId;
  const send = (uploadId: string, uploadPartNum: number) =>
    sdk.uploadPart({
      ...place,
      objectName: "small",
      uploadId,
      uploadPartNum,
      contentLength: 10,
      uploadPartBody: randomBytes(10) as never,
    });
  const uploadId = await begin();
  const [first, second] = [await send(uploadId, 1), await send(uploadId, 2)];
  const commit = (partsToCommit: models.CommitMultipartUploadPartDetails[]) =>
    refusal(
      sdk.commitMultipartUpload({
        ...place,
        objectName: "small",
        uploadId,
        commitMultipartUploadDetails: { partsToCommit },
      }),
    );
  const parts = [
    { partNum: 1, etag: first.eTag },
    { partNum: 2, etag: second.eTag },
  ];
  assert.equal((await commit(parts)).serviceCode, "InvalidUploadPart");
  assert.equal((await commit([...parts].reverse())).serviceCode, "InvalidUploadPartOrder");
  assert.equal((await commit([{ partNum: 1, etag: "other" }])).serviceCode, "InvalidUploadPart");
  await sdk.abortMultipartUpload({ ...place, objectName: "small", uploadId });
  assert.equal((await commit(parts)).serviceCode, "UploadNotFound");
  assert.equal(fake.unfinishedUploads, 0);
});

test("the SDK lists page by page, grouped and by field", async () => {
  const names = Array.from({ length: 25 }, (_, index) => `list/${String(index).padStart(3, "0")}`);
  for (const name of [...names, "list/dir/a", "list/dir/b"]) await fake.putObject("models", name, "x");
  const found: string[] = [];
  let start: string | undefined;
  let pages = 0;
  do {
    const query = { ...place, prefix: "list/", limit: 10, ...(start === undefined ? {} : { start }) };
    const { listObjects } = await sdk.listObjects(query);
    found.push(...listObjects.objects.map(({ name }) => name));
    start = listObjects.nextStartWith;
    pages += 1;
  } while (start !== undefined);
  assert.deepEqual(found, [...names, "list/dir/a", "list/dir/b"]);
  assert.equal(pages, 3);
  const { listObjects } = await sdk.listObjects({
    ...place,
    prefix: "list/",
    delimiter: "/",
    fields: "name,size,md5,etag,timeModified",
  });
  assert.deepEqual(listObjects.prefixes, ["list/dir/"]);
  assert.equal(listObjects.objects.length, 25);
  const [first] = listObjects.objects;
  assert.equal(first?.size, 1);
  assert.equal(first?.md5, createHash("md5").update("x").digest("base64"));
  const unknown = await refusal(sdk.listObjects({ ...place, fields: "colour" }));
  assert.equal(unknown.statusCode, 400);
});

test("the SDK copies, and asks how far it is", async () => {
  await fake.putObject("models", "from", "content", { metadata: { kept: "yes" } });
  const copied = await sdk.copyObject({
    ...place,
    copyObjectDetails: {
      sourceObjectName: "from",
      destinationBucket: "models",
      destinationNamespace: fake.namespace,
      destinationObjectName: "to",
      destinationRegion: fake.region,
    },
  });
  const states: string[] = [];
  while (states.at(-1) !== "COMPLETED" && states.length < 5) {
    const { workRequest } = await sdk.getWorkRequest({ workRequestId: copied.opcWorkRequestId });
    states.push(String(workRequest.status));
  }
  assert.deepEqual(states, ["IN_PROGRESS", "COMPLETED"]);
  assert.equal(fake.objectBytes("models", "to")?.toString(), "content");
});

test("conditions, ranges and archived objects are refused with the service's own codes", async () => {
  const { etag } = await fake.putObject("models", "cond", "0123456789");
  await fake.putObject("models", "frozen", "x", { storageTier: "Archive" });
  const at = { ...place, objectName: "cond" };
  const stale = await refusal(sdk.getObject({ ...at, ifMatch: "other" }));
  assert.deepEqual([stale.statusCode, stale.serviceCode], [412, "IfMatchFailed"]);
  assert.equal((await sdk.headObject({ ...at, ifMatch: etag })).contentLength, 10);
  const behind = await refusal(sdk.getObject({ ...at, range: { startByte: 10, endByte: 20 } as never }));
  assert.deepEqual([behind.statusCode, behind.serviceCode], [416, "InvalidRange"]);
  const exists = await refusal(
    sdk.putObject({ ...at, ifNoneMatch: "*", contentLength: 1, putObjectBody: Buffer.from("x") }),
  );
  assert.deepEqual([exists.statusCode, exists.serviceCode], [412, "IfNoneMatchFailed"]);
  const damaged = await refusal(
    sdk.putObject({ ...at, contentMD5: "AAAAAAAAAAAAAAAAAAAAAA==", contentLength: 1, putObjectBody: Buffer.from("x") }),
  );
  assert.equal(damaged.serviceCode, "UnmatchedContentMD5");
  const archived = await refusal(sdk.getObject({ ...place, objectName: "frozen" }));
  assert.deepEqual([archived.statusCode, archived.serviceCode], [409, "NotRestored"]);
  assert.equal((await sdk.headObject({ ...place, objectName: "frozen" })).archivalState, "Archived");
  fake.restoreObject("models", "frozen");
  assert.equal((await bytesOf((await sdk.getObject({ ...place, objectName: "frozen" })).value)).toString(), "x");
});

test("wrong keys, missing rights and other names are refused", async () => {
  const { keyId: _keyId, ...impostor } = createTestUser();
  const wrongKey = await refusal(clientOf({ ...user, pem: impostor.pem }).getNamespace({}));
  assert.deepEqual([wrongKey.statusCode, wrongKey.serviceCode], [401, "NotAuthenticated"]);
  const unknown = await refusal(clientOf(createTestUser("nobody")).getNamespace({}));
  assert.equal(unknown.statusCode, 401);
  await fake.putObject("models", "readable", "x");
  assert.equal((await clientOf(reader).headObject({ ...place, objectName: "readable" })).contentLength, 1);
  const noWrite = await refusal(
    clientOf(reader).putObject({ ...place, objectName: "w", contentLength: 1, putObjectBody: Buffer.from("x") }),
  );
  assert.deepEqual([noWrite.statusCode, noWrite.serviceCode], [404, "BucketNotFound"]);
  const hidden = await refusal(clientOf(stranger).listObjects(place));
  assert.deepEqual([hidden.statusCode, hidden.serviceCode], [404, "BucketNotFound"]);
  assert.equal((await refusal(sdk.listObjects({ ...place, bucketName: "missing" }))).serviceCode, "BucketNotFound");
  assert.equal((await refusal(sdk.listObjects({ ...place, namespaceName: "other" }))).serviceCode, "NamespaceNotFound");
  const broken = await refusal(sdk.getObject({ ...place, objectName: "broken" }));
  assert.equal(broken.statusCode, 500);
  assert.match(broken.opcRequestId ?? "", /^iad-1:/);
});

test("a pre-authenticated request opens what it names and nothing else", async () => {
  fake.createBucket("shared");
  for (const name of ["llama/a", "llama/b", "other"]) await fake.putObject("shared", name, name);
  const grant = fake.createPreauthenticatedRequest({ bucket: "shared", prefix: "llama/", lists: true });
  const status = async (url: string, init?: RequestInit) => (await fetch(url, init)).status;
  assert.equal(await (await fetch(`${grant}llama/a`)).text(), "llama/a");
  assert.equal(await status(`${grant}other`), 404);
  const listing = (await (await fetch(`${grant}?prefix=llama/`)).json()) as { objects: { name: string }[] };
  assert.deepEqual(
    listing.objects.map(({ name }) => name),
    ["llama/a", "llama/b"],
  );
  assert.equal(await status(`${grant}llama/new`, { method: "PUT", body: "x" }), 404);
  assert.equal(await status(grant.replace("TOPSECRET", "GUESSED")), 401);
  const one = fake.createPreauthenticatedRequest({ bucket: "shared", object: "other" });
  assert.equal(await status(one), 200);
  assert.equal(await status(one.replace("other", "llama%2Fa")), 404);
  const expired = fake.createPreauthenticatedRequest({ bucket: "shared", expiresAt: Date.now() - 1 });
  assert.equal(await status(`${expired}other`), 401);
});
