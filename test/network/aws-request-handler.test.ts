import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { createAwsRequestHandler } from "../../src/network/aws-request-handler.ts";
import { createDispatcher } from "../../src/network/dispatcher.ts";
import { networkFromEnvironment } from "../../src/network/network-from-environment.ts";
import { directNetwork, type NetworkProfile } from "../../src/network/network-profile.ts";
import { startProxy } from "../support/http-proxy.ts";
import { startHttp, startHttps, testCa } from "../support/web-server.ts";

function s3(t: TestContext, network: NetworkProfile, endpoint: string): S3Client {
  const dispatcher = createDispatcher(network);
  t.after(() => dispatcher.destroy());
  return new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "AKIATEST", secretAccessKey: "secret" },
    requestHandler: createAwsRequestHandler(dispatcher),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 2,
  });
}

test("uploads stream, above the size where the SDK asks for 100-continue too, and answers are readable streams", async (t) => {
  const size = 5 * 1024 * 1024;
  const content = randomBytes(size);
  let received = "";
  let expectHeader: string | undefined;
  const server = await startHttp(t, (incoming, outgoing) => {
    if (incoming.method === "GET") {
      outgoing.setHeader("content-length", size);
      outgoing.end(content);
      return;
    }
    const hash = createHash("sha256");
    expectHeader = incoming.headers.expect;
    incoming.on("data", (chunk) => hash.update(chunk));
    incoming.on("end", () => {
      received = hash.digest("hex");
      outgoing.setHeader("etag", '"x"').end();
    });
  });
  const client = s3(t, directNetwork, server.origin);
  const pieces = Array.from({ length: 80 }, (_, index) => content.subarray(index * 65536, (index + 1) * 65536));
  await client.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: Readable.from(pieces), ContentLength: size }));
  assert.equal(received, createHash("sha256").update(content).digest("hex"));
  assert.equal(expectHeader, undefined);
  const answer = await client.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
  assert.ok(answer.Body instanceof Readable);
  assert.deepEqual(Buffer.from(await answer.Body.transformToByteArray()), content);
});

test("the query arrives as it was signed", async (t) => {
  let url = "";
  const server = await startHttp(t, (incoming, outgoing) => {
    url = incoming.url ?? "";
    outgoing.end('<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
  });
  await s3(t, directNetwork, server.origin).send(
    new ListObjectsV2Command({ Bucket: "b", Prefix: "a b/+(ü)*'!&=/", MaxKeys: 7 }),
  );
  assert.match(url, /^\/b\/?\?list-type=2&max-keys=7&prefix=a%20b%2F%2B%28%C3%BC%29%2A%27%21%26%3D%2F(&|$)/);
});

test("an SDK client goes through the proxy and trusts the given authority", async (t) => {
  const proxy = await startProxy(t, { hosts: ["s3.tests.example"] });
  const server = await startHttps(t, (_incoming, outgoing) => outgoing.end("hello"));
  const network = networkFromEnvironment({ HTTPS_PROXY: proxy.url }, { caBundle: testCa });
  const answer = await s3(t, network, `https://s3.tests.example:${server.port}`).send(
    new GetObjectCommand({ Bucket: "b", Key: "k" }),
  );
  assert.equal(await answer.Body?.transformToString(), "hello");
  assert.deepEqual(proxy.requests, [`CONNECT s3.tests.example:${server.port}`]);
});

test("an abort ends the request at once, and the SDK sees it as one", async (t) => {
  const server = await startHttp(t, () => controller.abort());
  const controller = new AbortController();
  await assert.rejects(
    s3(t, directNetwork, server.origin).send(new GetObjectCommand({ Bucket: "b", Key: "k" }), {
      abortSignal: controller.signal,
    }),
    { name: "AbortError" },
  );
});

test("a connection that breaks before the answer is retried by the SDK", async (t) => {
  let requests = 0;
  const server = await startHttp(t, (incoming, outgoing) => {
    requests++;
    if (requests === 1) incoming.socket.destroy();
    else outgoing.end("ok");
  });
  const answer = await s3(t, directNetwork, server.origin).send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
  assert.equal(await answer.Body?.transformToString(), "ok");
  assert.equal(requests, 2);
});

test("an answer that does not come is a timeout to the SDK", async (t) => {
  const server = await startHttp(t, () => {});
  const dispatcher = createDispatcher(directNetwork);
  t.after(() => dispatcher.destroy());
  const handler = createAwsRequestHandler(dispatcher);
  const request = {
    protocol: "http:",
    hostname: "127.0.0.1",
    port: server.port,
    path: "/",
    method: "GET",
    headers: {},
    query: {},
  };
  await assert.rejects(
    handler.handle(request as unknown as Parameters<typeof handler.handle>[0], { requestTimeout: 300 }),
    {
      name: "TimeoutError",
    },
  );
});
