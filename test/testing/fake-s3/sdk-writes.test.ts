import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { startFakeS3 } from "../../../src/testing/fake-s3/index.ts";
import { sdkS3Client, testKeys } from "../../support/sdk-s3-client.ts";

const server = await startFakeS3({ buckets: ["models"], credentials: [testKeys], minPartSize: 8 });
const client = sdkS3Client(server.url);
after(async () => {
  client.destroy();
  await server.close();
});

const put = (input: Partial<PutObjectCommandInput>) =>
  client.send(new PutObjectCommand({ Bucket: "models", Key: "key", Body: "hello", ...input }));

async function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => assert.fail("expected a failure"),
    (error: S3ServiceException) => `${error.$metadata?.httpStatusCode} ${error.name}`,
  );
}

test("uploads with every checksum are kept with it; a wrong one is refused", async () => {
  const wrong: Record<ChecksumAlgorithm, Partial<PutObjectCommandInput>> = {
    CRC32: { ChecksumCRC32: "AAAAAA==" },
    CRC32C: { ChecksumCRC32C: "AAAAAA==" },
    CRC64NVME: { ChecksumCRC64NVME: "AAAAAAAAAAA=" },
    SHA1: { ChecksumSHA1: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
    SHA256: { ChecksumSHA256: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
  } as Record<ChecksumAlgorithm, Partial<PutObjectCommandInput>>;
  for (const algorithm of ["CRC32", "CRC32C", "SHA1", "SHA256"] as const) {
    const answer = await put({ Key: algorithm, ChecksumAlgorithm: algorithm });
    const head = await client.send(
      new HeadObjectCommand({ Bucket: "models", Key: algorithm, ChecksumMode: "ENABLED" }),
    );
    assert.equal(head[`Checksum${algorithm}`], answer[`Checksum${algorithm}`]);
    assert.equal(head.ChecksumType, "FULL_OBJECT");
  }
  for (const [algorithm, input] of Object.entries(wrong)) {
    assert.equal(await code(put({ Key: `wrong-${algorithm}`, ...input })), "400 BadDigest", algorithm);
  }
  assert.equal(await code(put({ ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" })), "400 BadDigest");
  assert.equal(await code(put({ ContentMD5: "AAAA" })), "400 InvalidDigest");
});

test("the published check values of the CRCs come out", async () => {
  const known = {
    CRC64NVME: "rosUhgp5mIg=",
    CRC32C: "4waSgw==",
    CRC32: "y/Q5Jg==",
  };
  for (const [algorithm, value] of Object.entries(known)) {
    await server.putObject("models", "known", "123456789", { checksum: algorithm as keyof typeof known });
    const head = await client.send(new HeadObjectCommand({ Bucket: "models", Key: "known", ChecksumMode: "ENABLED" }));
    assert.equal(head[`Checksum${algorithm as keyof typeof known}`], value);
  }
});

test("a stream goes up in chunks with a trailing checksum", async () => {
  const Body = Readable.from([Buffer.alloc(70_000, 1), Buffer.alloc(30_000, 2)]);
  const answer = await put({ Key: "stream", Body, ContentLength: 100_000 });
  assert.equal(answer.ChecksumType, "FULL_OBJECT");
  assert.equal(server.objectBytes("models", "stream")?.length, 100_000);
  assert.equal(server.objectBytes("models", "stream")?.[70_000], 2);
});

test("only create, and only replace what is known", async () => {
  await put({ Key: "once", IfNoneMatch: "*" });
  assert.equal(await code(put({ Key: "once", IfNoneMatch: "*" })), "412 PreconditionFailed");
  assert.equal(await code(put({ Key: "once", IfMatch: '"other"' })), "412 PreconditionFailed");
  assert.equal(await code(put({ Key: "never", IfMatch: '"other"' })), "404 NoSuchKey");
});

test("keys of 1,024 bytes are taken, longer ones are not", async () => {
  await put({ Key: "k".repeat(1024) });
  assert.equal(await code(put({ Key: "ü".repeat(513) })), "400 KeyTooLongError");
});

async function begin(Key: string, ChecksumAlgorithm?: ChecksumAlgorithm, ChecksumType?: "COMPOSITE" | "FULL_OBJECT") {
  const { UploadId = "" } = await client.send(
    new CreateMultipartUploadCommand({ Bucket: "models", Key, ChecksumAlgorithm, ChecksumType }),
  );
  return { Bucket: "models", Key, UploadId };
}

test("multipart: etag, composite and full-object checksums", async () => {
  const parts = ["12345678", "9"];
  for (const type of ["COMPOSITE", "FULL_OBJECT"] as const) {
    const upload = await begin(type, "CRC32", type);
    const done = await Promise.all(
      parts.map((Body, index) =>
        client.send(new UploadPartCommand({ ...upload, PartNumber: index + 1, Body, ChecksumAlgorithm: "CRC32" })),
      ),
    );
    const listed = await client.send(new ListPartsCommand({ ...upload, MaxParts: 1 }));
    assert.equal(listed.IsTruncated, true);
    assert.equal(listed.Parts?.[0]?.Size, 8);
    const Parts = done.map(({ ETag, ChecksumCRC32 }, index) => ({ ETag, ChecksumCRC32, PartNumber: index + 1 }));
    const complete = await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    assert.equal(complete.ETag, '"c51709bf2fba9d6c1463234c8a459153-2"');
    assert.equal(complete.ChecksumType, type);
    assert.equal(complete.ChecksumCRC32, type === "FULL_OBJECT" ? "y/Q5Jg==" : "NAIU5Q==-2");
    const attributes = await client.send(
      new GetObjectAttributesCommand({
        Bucket: "models",
        Key: type,
        ObjectAttributes: ["Checksum", "ObjectParts", "ObjectSize"],
      }),
    );
    assert.deepEqual(
      attributes.ObjectParts?.Parts?.map((part) => part.Size),
      [8, 1],
    );
  }
  assert.equal(server.unfinishedUploads, 0);
});

test("multipart refuses wrong order, wrong parts, small parts and unknown uploads", async () => {
  const upload = await begin("refused", "SHA256");
  const part = async (PartNumber: number, Body: string) => {
    const { ETag, ChecksumSHA256 } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: "SHA256" }),
    );
    return { PartNumber, ETag, ChecksumSHA256 };
  };
  const [one, two] = [await part(1, "small"), await part(2, "12345678")];
  const complete = (Parts: readonly object[]) =>
    code(client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: [...Parts] } })));
  assert.equal(await complete([two, one]), "400 InvalidPartOrder");
  assert.equal(await complete([{ ...one, ETag: two.ETag }]), "400 InvalidPart");
  assert.equal(await complete([one, two]), "400 EntityTooSmall");
  assert.equal(await complete([{ PartNumber: 1, ETag: one.ETag }]), "400 InvalidRequest");
  assert.equal(await complete([]), "400 MalformedXML");
  assert.equal(
    await code(client.send(new UploadPartCommand({ ...upload, PartNumber: 10_001, Body: "x" }))),
    "400 InvalidArgument",
  );
  await client.send(new AbortMultipartUploadCommand(upload));
  assert.equal(await complete([one]), "404 NoSuchUpload");
  assert.equal(server.unfinishedUploads, 0);
});

test("copies keep bytes, in one piece and in parts", async () => {
  await server.putObject("models", "dir/a b+c%.bin", "0123456789abcdef");
  const CopySource = `models/${encodeURIComponent("dir/a b+c%.bin")}`;
  await client.send(new CopyObjectCommand({ Bucket: "models", Key: "copy", CopySource }));
  assert.equal(server.objectBytes("models", "copy")?.toString(), "0123456789abcdef");
  assert.equal(
    await code(
      client.send(new CopyObjectCommand({ Bucket: "models", Key: "c", CopySource, CopySourceIfMatch: '"no"' })),
    ),
    "412 PreconditionFailed",
  );
  const upload = await begin("copied-parts");
  const Parts = [];
  for (const [index, CopySourceRange] of ["bytes=0-9", "bytes=10-15"].entries()) {
    const input = { ...upload, PartNumber: index + 1, CopySource, CopySourceRange };
    const { CopyPartResult } = await client.send(new UploadPartCopyCommand(input));
    Parts.push({ PartNumber: index + 1, ETag: CopyPartResult?.ETag });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  assert.equal(server.objectBytes("models", "copied-parts")?.toString(), "0123456789abcdef");
});

test("buckets are made, found and emptied", async () => {
  await client.send(new CreateBucketCommand({ Bucket: "fresh" }));
  assert.equal(await code(client.send(new CreateBucketCommand({ Bucket: "fresh" }))), "409 BucketAlreadyOwnedByYou");
  await put({ Bucket: "fresh", Key: "a&b<c>" });
  assert.equal(await code(client.send(new DeleteBucketCommand({ Bucket: "fresh" }))), "409 BucketNotEmpty");
  const Delete = { Objects: [{ Key: "a&b<c>" }, { Key: "absent" }] };
  const deleted = await client.send(new DeleteObjectsCommand({ Bucket: "fresh", Delete }));
  assert.deepEqual(
    deleted.Deleted?.map(({ Key }) => Key),
    ["a&b<c>", "absent"],
  );
  assert.equal((await client.send(new GetBucketLocationCommand({ Bucket: "fresh" }))).LocationConstraint, undefined);
  await client.send(new DeleteBucketCommand({ Bucket: "fresh" }));
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets.map(({ Name }) => Name),
    ["models"],
  );
});
