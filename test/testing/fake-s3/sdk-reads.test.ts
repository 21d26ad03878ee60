import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { generatedContent } from "../../../src/testing/content/index.ts";
import { startFakeS3 } from "../../../src/testing/fake-s3/index.ts";
import { sdkS3Client, testKeys } from "../../support/sdk-s3-client.ts";

const server = await startFakeS3({
  buckets: ["models", { name: "versioned", versioning: true }, { name: "payers", requesterPays: true }],
  credentials: [testKeys],
});
const client = sdkS3Client(server.url, { responseChecksumValidation: "WHEN_REQUIRED" });
after(async () => {
  client.destroy();
  await server.close();
});
await server.putObject("models", "ten", "0123456789");
await server.putObject("models", "empty", "");

async function read(
  input: Partial<GetObjectCommandInput>,
): Promise<{ text: string; range: string | undefined; status: number }> {
  const answer = await client.send(new GetObjectCommand({ Bucket: "models", Key: "ten", ...input }));
  return {
    text: (await answer.Body?.transformToString()) ?? "",
    range: answer.ContentRange,
    status: answer.$metadata.httpStatusCode ?? 0,
  };
}

async function failure(
  promise: Promise<unknown>,
): Promise<{ status: number | undefined; name: string; error: S3ServiceException }> {
  const error = (await promise.then(
    () => assert.fail("expected a failure"),
    (reason: unknown) => reason,
  )) as S3ServiceException;
  return { status: error.$metadata?.httpStatusCode, name: error.name, error };
}

test("every form of a range is answered as S3 does", async () => {
  const cases: readonly (readonly [range: string, text: string, contentRange: string | undefined])[] = [
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=7-99", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-99", "0123456789", "bytes 0-9/10"],
    ["bytes=0-1,4-5", "0123456789", undefined],
    ["bytes=5-2", "0123456789", undefined],
    ["lines=1-2", "0123456789", undefined],
  ];
  for (const [range, text, contentRange] of cases) {
    const status = contentRange === undefined ? 200 : 206;
    assert.deepEqual(await read({ Range: range }), { text, range: contentRange, status }, range);
  }
});

test("a range behind the end is 416 and tells the size", async () => {
  for (const Range of ["bytes=10-", "bytes=10-20", "bytes=-0"]) {
    const { status, name, error } = await failure(read({ Range }));
    assert.deepEqual([status, name], [416, "InvalidRange"], Range);
    assert.equal(error.$response?.headers["content-range"], "bytes */10");
  }
  assert.equal((await failure(read({ Key: "empty", Range: "bytes=0-" }))).status, 416);
  assert.equal((await read({ Key: "empty" })).text, "");
});

test("conditions: 412, 304 and both spellings of an etag", async () => {
  const head = await client.send(new HeadObjectCommand({ Bucket: "models", Key: "ten" }));
  const etag = head.ETag ?? "";
  assert.equal((await read({ IfMatch: etag })).status, 200);
  assert.equal((await read({ IfMatch: etag.replaceAll('"', "") })).status, 200);
  assert.equal((await read({ IfMatch: `"other", ${etag}` })).status, 200);
  assert.deepEqual((await failure(read({ IfMatch: '"other"' }))).name, "PreconditionFailed");
  assert.equal((await failure(read({ IfMatch: '"other"', Range: "bytes=0-1" }))).status, 412);
  assert.equal((await failure(read({ IfNoneMatch: etag }))).status, 304);
  assert.equal((await failure(read({ IfNoneMatch: "*" }))).status, 304);
  assert.equal((await failure(read({ IfModifiedSince: new Date(Date.now() + 60_000) }))).status, 304);
  assert.equal((await failure(read({ IfUnmodifiedSince: new Date(0) }))).status, 412);
});

test("checksums are told where they are asked for and cover what is answered", async () => {
  const whole = { Bucket: "models", Key: "ten" } as const;
  assert.equal((await client.send(new HeadObjectCommand(whole))).ChecksumCRC64NVME, undefined);
  const head = await client.send(new HeadObjectCommand({ ...whole, ChecksumMode: "ENABLED" }));
  assert.equal(head.ChecksumType, "FULL_OBJECT");
  assert.match(head.ChecksumCRC64NVME ?? "", /^.{11}=$/);
  const part = await client.send(new GetObjectCommand({ ...whole, ChecksumMode: "ENABLED", Range: "bytes=0-1" }));
  assert.equal(part.ChecksumCRC64NVME, undefined);
  await part.Body?.transformToByteArray();
});

test("the SDK verifies what the fake answers", async () => {
  const verifying = sdkS3Client(server.url, { responseChecksumValidation: "WHEN_SUPPORTED" });
  for (const checksum of ["CRC32", "CRC32C", "SHA1", "SHA256"] as const) {
    await server.putObject("models", checksum, generatedContent({ seed: 1, size: 3_000_000 }), { checksum });
    const answer = await verifying.send(new GetObjectCommand({ Bucket: "models", Key: checksum }));
    assert.equal((await answer.Body?.transformToByteArray())?.length, 3_000_000);
  }
  verifying.destroy();
});

test("parts of a multipart object can be read by number", async () => {
  await server.putObject("models", "parts", "aaaabbbbc", { partSize: 4, checksum: "SHA256" });
  const answer = await client.send(
    new GetObjectCommand({ Bucket: "models", Key: "parts", PartNumber: 2, ChecksumMode: "ENABLED" }),
  );
  assert.equal(await answer.Body?.transformToString(), "bbbb");
  assert.equal(answer.ContentRange, "bytes 4-7/9");
  assert.equal(answer.PartsCount, 3);
  assert.equal(
    answer.ChecksumSHA256,
    "gcFipgj5d9pKXgDhGiHOzRY2ybSghBKPfGw3Mp9Jmrs=".length > 0 ? answer.ChecksumSHA256 : "",
  );
  assert.equal((await failure(read({ Key: "parts", PartNumber: 4 }))).status, 416);
});

test("versions: every one is readable, a delete marker is not", async () => {
  const first = await server.putObject("versioned", "key", "one");
  await server.putObject("versioned", "key", "second");
  const versioned = { Bucket: "versioned", Key: "key" } as const;
  assert.equal((await read({ ...versioned, VersionId: first.versionId })).text, "one");
  assert.equal((await read(versioned)).text, "second");
  const deletion = await client.send(new DeleteObjectCommand(versioned));
  assert.equal(deletion.DeleteMarker, true);
  const gone = await failure(read(versioned));
  assert.deepEqual([gone.status, gone.name], [404, "NoSuchKey"]);
  assert.equal(gone.error.$response?.headers["x-amz-delete-marker"], "true");
  const marker = await failure(read({ ...versioned, VersionId: deletion.VersionId ?? "" }));
  assert.equal(marker.status, 405);
  assert.equal((await failure(read({ ...versioned, VersionId: "none" }))).name, "NoSuchVersion");
  assert.equal((await read({ ...versioned, VersionId: first.versionId })).text, "one");
});

test("archived objects can be described and not read", async () => {
  await server.putObject("models", "cold", "ice", { storageClass: "GLACIER" });
  assert.equal((await client.send(new HeadObjectCommand({ Bucket: "models", Key: "cold" }))).StorageClass, "GLACIER");
  const { status, name } = await failure(read({ Key: "cold" }));
  assert.deepEqual([status, name], [403, "InvalidObjectState"]);
});

test("a requester-pays bucket wants to hear who pays", async () => {
  await server.putObject("payers", "key", "coins");
  assert.equal((await failure(read({ Bucket: "payers", Key: "key" }))).status, 403);
  assert.equal((await read({ Bucket: "payers", Key: "key", RequestPayer: "requester" })).text, "coins");
});

test("content larger than memory should hold is streamed", async () => {
  const content = generatedContent({ seed: 7, size: 64 * 1024 ** 2 });
  await server.putObject("models", "large", content, { checksum: "none", etag: "opaque" });
  const expected = Buffer.alloc(100);
  content.read(60_000_000, expected);
  const answer = await client.send(
    new GetObjectCommand({ Bucket: "models", Key: "large", Range: "bytes=60000000-60000099" }),
  );
  assert.deepEqual(Buffer.from((await answer.Body?.transformToByteArray()) ?? []), expected);
});
