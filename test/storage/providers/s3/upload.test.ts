import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { directNetwork } from "../../../../src/network/network-profile.ts";
import { cutBody } from "../../../../src/storage/cut-body.ts";
import { copyObject } from "../../../../src/storage/providers/s3/copy.ts";
import { S3Session } from "../../../../src/storage/providers/s3/session.ts";
import { chooseSettings } from "../../../../src/storage/providers/s3/settings.ts";
import type { WritableStorage } from "../../../../src/storage/storage.ts";
import { silentLogger } from "../../../../src/telemetry/logger.ts";
import { digestHolds, expectError } from "../../../../src/testing/conformance/index.ts";
import { generatedContent } from "../../../../src/testing/content/index.ts";
import { type FakeS3Request, S3Failure, startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import type { S3Uri } from "../../../../src/uri/object-uri.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

let intercept: ((request: FakeS3Request) => S3Failure | "disconnect" | undefined) | undefined;
const server = await startFakeS3({
  buckets: ["models"],
  credentials: [testKeys],
  intercept: (request) => intercept?.(request),
});
after(() => server.close());
beforeEach(() => {
  intercept = undefined;
  server.counters.reset();
});

const mebibyte = 1024 ** 2;
const partSize = 5 * mebibyte;
const content = generatedContent({ seed: 9, size: 2 * partSize + 1000 });
const bytes = Buffer.alloc(content.size);
content.read(0, bytes);
const uri = parseUri("s3://models/file");
const services = { aws: { service: "aws", addressingStyle: "path", region: "us-east-1" }, generic: {} };

async function withClient<Result>(
  parameters: Record<string, unknown>,
  use: (client: WritableStorage) => Promise<Result>,
): Promise<Result> {
  const client = await openS3(server, uri, { parameters, clock: quickClock() });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function* streamed(data: Uint8Array, chunk: number): AsyncGenerator<Uint8Array> {
  // One buffer, filled anew: what was not copied is overwritten.
  const buffer = new Uint8Array(chunk);
  for (let start = 0; start < data.length; start += chunk) {
    const length = Math.min(chunk, data.length - start);
    buffer.set(data.subarray(start, start + length));
    yield buffer.subarray(0, length);
  }
}

test("small bodies go in one request, large ones in parts, streams of unknown size too", async () => {
  for (const parameters of Object.values(services)) {
    await withClient(parameters, async (client) => {
      server.counters.reset();
      await client.put(uri, bytes.subarray(0, 1000), { contentType: "application/json" });
      assert.deepEqual([server.counters.of("PutObject").requests, server.counters.of("UploadPart").requests], [1, 0]);
      assert.equal((await client.stat(uri)).contentType, "application/json");
      const info = await client.put(uri, streamed(bytes, 1_234_567), { partSize });
      assert.equal(server.counters.of("UploadPart").requests, 3);
      assert.ok(server.objectBytes("models", "file")?.equals(bytes));
      assert.deepEqual([info.size, info.etag], [bytes.length, (await client.stat(uri)).etag]);
      for (const digest of (await client.stat(uri)).digests) assert.notEqual(await digestHolds(digest, bytes), false);
    });
  }
  assert.equal(server.unfinishedUploads, 0);
});

test("Amazon gets CRC32 of the whole, others Content-MD5 and no checksum headers", async () => {
  const seen: FakeS3Request[] = [];
  intercept = (request) => {
    if (request.method === "PUT") seen.push(request);
    return undefined;
  };
  await withClient(services.generic, (client) => client.put(uri, bytes, { partSize }));
  for (const { headers } of seen) {
    assert.ok(headers.has("content-md5"));
    assert.deepEqual(
      [...headers.keys()].filter((name) => /checksum|trailer/.test(name)),
      [],
    );
  }
  seen.length = 0;
  const info = await withClient(services.aws, async (client) => {
    await client.put(uri, bytes, { partSize });
    return client.stat(uri);
  });
  for (const { headers } of seen) assert.ok(headers.has("x-amz-checksum-crc32"));
  assert.deepEqual([info.digests[0]?.kind, info.digests[0]?.algorithm], ["full", "crc32"]);
});

test("a part that fails is sent again; bytes that changed on the way, too", async () => {
  let failures = [
    new S3Failure(503, "SlowDown", "slower"),
    new S3Failure(400, "BadDigest", "changed"),
    "disconnect" as const,
  ];
  intercept = ({ operation }) => {
    if (operation !== "UploadPart") return undefined;
    const [next, ...rest] = failures;
    failures = rest;
    return next;
  };
  await withClient(services.aws, (client) => client.put(uri, bytes, { partSize }));
  assert.ok(server.objectBytes("models", "file")?.equals(bytes));
  assert.equal(server.counters.of("UploadPart").requests, 6);
});

test("a failed upload leaves nothing behind: by refusal, by its body, by its size, by cancelling", async () => {
  server.deleteObject("models", "file");
  await withClient(services.aws, async (client) => {
    intercept = ({ operation, count }) =>
      operation === "UploadPart" && count >= 2 ? new S3Failure(403, "AccessDenied", "Access Denied") : undefined;
    await expectError(() => client.put(uri, bytes, { partSize }), "permission_denied", "s3");
    intercept = undefined;
    await assert.rejects(() => client.put(uri, breaking(), { partSize }), /broke/);
    await expectError(() => client.put(uri, streamed(bytes, 65_536), { partSize, size: 3 }), "config_invalid", "s3");
    await expectError(() => client.put(uri, streamed(bytes.subarray(0, 9), 4), { size: 10 }), "config_invalid", "s3");
    const controller = new AbortController();
    intercept = ({ operation }) => {
      if (operation === "UploadPart") controller.abort();
      return undefined;
    };
    await expectError(() => client.put(uri, bytes, { partSize, signal: controller.signal }), "cancelled");
  });
  assert.equal(server.unfinishedUploads, 0);
  assert.equal(server.objectBytes("models", "file"), undefined);
});

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, partSize);
  yield bytes.subarray(partSize, partSize + 10);
  throw new Error("the source broke");
}

test("only create: by the service's own condition, in parts too, and by looking first elsewhere", async () => {
  for (const parameters of Object.values(services)) {
    server.deleteObject("models", "file");
    await withClient(parameters, async (client) => {
      await client.put(uri, bytes, { partSize, ifNoneMatch: true });
      const options = { partSize, ifNoneMatch: true } as const;
      await expectError(() => client.put(uri, bytes, options), "precondition_failed", "s3");
      await expectError(() => client.put(uri, bytes.subarray(0, 5), options), "precondition_failed", "s3");
    });
    assert.equal(server.objectBytes("models", "file")?.length, bytes.length);
  }
  assert.equal(server.unfinishedUploads, 0);
});

test("a lost answer to a conditional upload is not taken for somebody else's object", async () => {
  server.deleteObject("models", "file");
  intercept = ({ operation }) => (operation === "PutObject" ? "disconnect" : undefined);
  await withClient(services.aws, async (client) => {
    const error = await expectError(
      () => client.put(uri, bytes.subarray(0, 5), { ifNoneMatch: true }),
      "connection",
      "s3",
    );
    assert.equal(error.retry, "permanent");
  });
  assert.equal(server.counters.of("PutObject").requests, 1);
});

test("part sizes that cannot be are refused before any request", async () => {
  await withClient(services.aws, async (client) => {
    await expectError(() => client.put(uri, bytes, { partSize: mebibyte }), "config_invalid", "s3");
    await expectError(() => client.put(uri, bytes, { partSize: 6 * 1024 * mebibyte }), "config_invalid", "s3");
    const size = 10_001 * partSize;
    await expectError(() => client.put(uri, streamed(bytes, 10), { partSize, size }), "config_invalid", "s3");
    await expectError(() => client.put(parseUri("s3://models/"), bytes), "config_invalid", "s3");
  });
  assert.equal(server.counters.total.requests, 0);
});

test("pieces are exact, whatever the chunks are", async () => {
  for (const chunk of [1, 7, 100, 5000]) {
    const pieces: Buffer[] = [];
    for await (const piece of cutBody(streamed(bytes.subarray(0, 1000), chunk), 300)) pieces.push(Buffer.from(piece));
    assert.deepEqual(
      pieces.map((piece) => piece.length),
      [300, 300, 300, 100],
    );
    assert.ok(Buffer.concat(pieces).equals(bytes.subarray(0, 1000)));
  }
});

test("what is too large for one copy is copied in parts, with its type and metadata, pinned to its version", async () => {
  await server.putObject("models", "dir/large +%é.bin", content, { contentType: "application/x-model" });
  const target = parseUri("s3://models/copy") as S3Uri;
  const from: S3Uri = { provider: "s3", bucket: "models", key: "dir/large +%é.bin" };
  const session = testSession();
  const limits = { maxCopySize: mebibyte, partSize };
  const info = await copyObject(session, from, target, {}, limits);
  assert.equal(server.counters.of("UploadPartCopy").requests, 3);
  assert.deepEqual([info.size, info.contentType], [bytes.length, "application/x-model"]);
  assert.ok(server.objectBytes("models", "copy")?.equals(bytes));
  const other = generatedContent({ seed: 10, size: content.size });
  intercept = ({ operation, count }) => {
    if (operation === "UploadPartCopy" && count === 5) void server.putObject("models", from.key, other);
    return operation === "UploadPartCopy" && count === 5 ? new S3Failure(500, "InternalError", "again") : undefined;
  };
  await expectError(() => copyObject(session, from, target, {}, limits), "precondition_failed", "s3");
  assert.equal(server.unfinishedUploads, 0);
  await session.close();
});

function testSession(): S3Session {
  const clock = quickClock();
  return new S3Session({
    settings: chooseSettings({
      uri: uri as S3Uri,
      parameters: { endpoint: server.url },
      env: {},
      profileRegion: undefined,
    }),
    credentials: {
      provider: "aws",
      authType: "access_key",
      resolve: async () => testKeys,
      identify: async () => ({ kind: "unknown", name: "", source: "", confirmed: false }),
    },
    network: directNetwork,
    clock,
    random: () => 0,
    logger: silentLogger,
  });
}
