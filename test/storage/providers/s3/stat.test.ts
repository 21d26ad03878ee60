import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { collect } from "../../../../src/storage/collect.ts";
import type { ObjectInfo, WritableStorage } from "../../../../src/storage/storage.ts";
import { digestHolds } from "../../../../src/testing/conformance/index.ts";
import { generatedContent } from "../../../../src/testing/content/index.ts";
import { type FakeS3Request, S3Failure, type SeedOptions, startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { sdkS3Client, testKeys } from "../../../support/sdk-s3-client.ts";

let intercept: ((request: FakeS3Request) => S3Failure | undefined) | undefined;
const server = await startFakeS3({
  buckets: ["models"],
  credentials: [testKeys],
  minPartSize: 1,
  intercept: (request) => intercept?.(request),
});
const content = generatedContent({ seed: 5, size: 100_000 });
const bytes = Buffer.alloc(content.size);
content.read(0, bytes);
const amazon = { service: "aws", addressingStyle: "path", region: "us-east-1" };
const sdk = sdkS3Client(server.url);
after(async () => {
  sdk.destroy();
  await server.close();
});
beforeEach(() => {
  intercept = undefined;
  server.counters.reset();
});

async function withClient<Result>(
  parameters: Record<string, unknown>,
  use: (client: WritableStorage) => Promise<Result>,
): Promise<Result> {
  const client = await openS3(server, "s3://models/", { parameters });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function stat(seed: SeedOptions, parameters: Record<string, unknown> = amazon): Promise<ObjectInfo> {
  await server.putObject("models", "file", content, seed);
  const info = await withClient(parameters, (client) => client.stat(parseUri("s3://models/file")));
  for (const digest of info.digests) assert.notEqual(await digestHolds(digest, bytes), false, JSON.stringify(digest));
  return info;
}

const summary = (info: ObjectInfo) =>
  info.digests.map((digest) =>
    [digest.kind, digest.algorithm, digest.kind === "composite" ? (digest.parts?.length ?? digest.partSize) : ""].join(
      " ",
    ),
  );
const requests = () => ({
  head: server.counters.of("HeadObject").requests,
  attributes: server.counters.of("GetObjectAttributes").requests,
});

test("a whole object's checksum needs one request, whatever the algorithm", async () => {
  for (const checksum of ["CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256"] as const) {
    server.counters.reset();
    assert.deepEqual(summary(await stat({ checksum })), [`full ${checksum.toLowerCase()} `, "full md5 "]);
    assert.deepEqual(requests(), { head: 1, attributes: 0 });
  }
});

test("a multipart object with a checksum of the whole needs no part sizes", async () => {
  const info = await stat({ checksum: "CRC32", checksumType: "FULL_OBJECT", partSize: 30_000 });
  assert.deepEqual(summary(info), ["full crc32 ", "composite md5 "]);
  assert.deepEqual(requests(), { head: 1, attributes: 0 });
});

test("composite checksums come with every part, size and value", async () => {
  const info = await stat({ checksum: "SHA256", partSize: 30_000 });
  assert.deepEqual(summary(info), ["composite sha256 4", "composite md5 4"]);
  const [digest] = info.digests;
  assert.ok(digest?.kind === "composite" && digest.confidence === "stated");
  assert.ok(digest.parts?.every((part) => /^[0-9a-f]{64}$/.test(part.value ?? "")));
  assert.deepEqual(requests(), { head: 1, attributes: 1 });
});

test("more parts than fit on one page", async () => {
  const info = await stat({ checksum: "CRC32C", checksumType: "COMPOSITE", partSize: 80 });
  assert.deepEqual(summary(info), ["composite crc32c 1250", "composite md5 1250"]);
  assert.deepEqual(requests(), { head: 1, attributes: 2 });
});

test("where attributes are not allowed or not known, the first part is asked for its size", async () => {
  intercept = ({ operation }) =>
    operation === "GetObjectAttributes" ? new S3Failure(403, "AccessDenied", "Access Denied") : undefined;
  const denied = await stat({ checksum: "SHA256", partSize: 30_000 });
  assert.deepEqual(summary(denied), ["composite sha256 30000", "composite md5 30000"]);
  intercept = undefined;
  const generic = await stat({ checksum: "SHA256", partSize: 30_000 }, {});
  assert.deepEqual(summary(generic), ["composite sha256 30000", "composite md5 30000"]);
});

test("an md5-N etag gets its part size from the first part", async () => {
  const info = await stat({ checksum: "none", partSize: 30_000 });
  assert.deepEqual(summary(info), ["composite md5 30000"]);
  assert.deepEqual(requests(), { head: 2, attributes: 0 });
  assert.equal(info.digestsFinal, true);
});

test("a server that ignores partNumber leaves the part size to be inferred", async () => {
  const old = await startFakeS3({
    buckets: ["models"],
    credentials: [testKeys],
    quirks: { ignorePartNumber: true, noChecksums: true },
  });
  await old.putObject("models", "file", content, { checksum: "none", partSize: 30_000 });
  const client = await openS3(old, "s3://models/");
  const { digests } = await client.stat(parseUri("s3://models/file"));
  await client.close();
  await old.close();
  const [digest] = digests;
  assert.ok(digest?.kind === "composite" && digest.partCount === 4 && digest.partSize === undefined);
});

test("uneven parts make no etag digest, and exact parts where they are told", async () => {
  const place = { Bucket: "models", Key: "uneven" };
  for (const ChecksumAlgorithm of [undefined, "SHA256"] as const) {
    const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm }));
    const Parts = [];
    for (const [index, end] of [10_000, 70_000, 100_000].entries()) {
      const Body = bytes.subarray([0, 10_000, 70_000][index], end);
      const part = {
        ...place,
        UploadId,
        PartNumber: index + 1,
        Body,
        ChecksumAlgorithm: ChecksumAlgorithm ?? "CRC64NVME",
      } as const;
      const { ETag, ChecksumSHA256 } = await sdk.send(new UploadPartCommand(part));
      Parts.push({ PartNumber: index + 1, ETag, ChecksumSHA256 });
    }
    await sdk.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
    if (ChecksumAlgorithm === undefined) await server.putObject("models", "unused", "");
    const { digests } = await withClient(amazon, (client) => client.stat(parseUri("s3://models/uneven")));
    for (const digest of digests) assert.notEqual(await digestHolds(digest, bytes), false, JSON.stringify(digest));
    const sha = digests.find(({ algorithm }) => algorithm === "sha256");
    if (ChecksumAlgorithm === "SHA256") {
      assert.ok(sha?.kind === "composite");
      assert.deepEqual(
        sha.parts?.map(({ size }) => size),
        [10_000, 60_000, 30_000],
      );
    } else {
      assert.deepEqual(
        digests.map(({ algorithm }) => algorithm),
        ["crc64nvme", "md5"],
      );
    }
  }
  intercept = ({ operation }) =>
    operation === "GetObjectAttributes" ? new S3Failure(501, "NotImplemented", "not here") : undefined;
  const { digests } = await withClient(amazon, (client) => client.stat(parseUri("s3://models/uneven")));
  assert.deepEqual(digests, []);
});

test("KMS keeps checksums and takes the MD5 away, in descriptions as in what is listed as final", async () => {
  assert.deepEqual(summary(await stat({ encryption: "aws:kms" })), ["full crc64nvme "]);
  assert.deepEqual(summary(await stat({ encryption: "aws:kms", checksum: "none" })), []);
});

test("what nobody sums has no digest and says so", async () => {
  const info = await stat({ checksum: "none", etag: "opaque", encryption: "aws:kms" });
  assert.deepEqual([info.digests, info.digestsFinal], [[], true]);
});

test("a server that refuses to be asked for checksums is asked without, from then on", async () => {
  const refusing = await startFakeS3({
    buckets: ["models"],
    credentials: [testKeys],
    quirks: { anyRegion: true },
    intercept: ({ headers }) =>
      headers.has("x-amz-checksum-mode")
        ? new S3Failure(400, "InvalidArgument", "Unsupported header 'x-amz-checksum-mode' received for this API call.")
        : undefined,
  });
  await refusing.putObject("models", "file", "content");
  const client = await openS3(refusing, "s3://models/");
  const uri = parseUri("s3://models/file");
  assert.deepEqual(
    (await client.stat(uri)).digests.map(({ algorithm }) => algorithm),
    ["md5"],
  );
  assert.equal(refusing.counters.of("HeadObject").requests, 2);
  await client.stat(uri);
  assert.equal(refusing.counters.of("HeadObject").requests, 3);
  await client.close();
  const b2 = await openS3(refusing, "s3://models/", { parameters: { service: "b2", region: "us-west-004" } });
  refusing.counters.reset();
  await b2.stat(uri);
  assert.equal(refusing.counters.total.requests, 1, "a service that is known to refuse is not asked at all");
  await refusing.close();
  await b2.close();
});

test("listings say when a description can tell more", async () => {
  await server.putObject("models", "list/plain", "x", { checksum: "none" });
  await server.putObject("models", "list/summed", "x");
  await server.putObject("models", "list/parts", content, { checksum: "none", partSize: 30_000 });
  await server.putObject("models", "list/marker/", "");
  const entries = await withClient(amazon, (client) => collect(client.list(parseUri("s3://models/list/"))));
  assert.deepEqual(
    entries.map(({ key, digestsFinal, directoryMarker }) => [key, digestsFinal, directoryMarker]),
    [
      ["list/marker/", false, true],
      ["list/parts", false, false],
      ["list/plain", true, false],
      ["list/summed", false, false],
    ],
  );
});

test("rclone's MD5 of a multipart upload, and encodings that are none", async () => {
  const Metadata = { md5chksum: "1B2M2Y8AsgTpgAmY7PhCfg==" };
  const ContentEncoding = "aws-chunked,gzip";
  await sdk.send(new PutObjectCommand({ Bucket: "models", Key: "meta", Body: "", Metadata, ContentEncoding }));
  const info = await withClient({}, (client) => client.stat(parseUri("s3://models/meta")));
  assert.equal(info.contentEncoding, "gzip");
  assert.ok(info.digests.some((digest) => digest.algorithm === "md5" && digest.value.startsWith("d41d8cd98f")));
});
