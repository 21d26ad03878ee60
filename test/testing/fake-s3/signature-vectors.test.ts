import assert from "node:assert/strict";
import { request } from "node:http";
import { after, test } from "node:test";
import { type FakeS3, startFakeS3 } from "../../../src/testing/fake-s3/index.ts";

// The worked examples of the Amazon S3 API reference ("Authenticating requests", Signature Version 4).
const credential = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const day = Date.UTC(2013, 4, 24);
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";

let now = day;
const server: FakeS3 = await startFakeS3({
  buckets: ["examplebucket"],
  credentials: [credential],
  clock: () => now,
  domain: "s3.amazonaws.com",
});
await server.putObject("examplebucket", "test.txt", "Welcome to Amazon S3.");
after(() => server.close());

interface Reply {
  readonly status: number;
  readonly body: string;
}

function send(method: string, path: string, headers: Record<string, string>, body = ""): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const authorization = (signedHeaders: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signedHeaders},Signature=${signature}`;

const getHeaders = (signature: string): Record<string, string> => ({
  host: "examplebucket.s3.amazonaws.com",
  authorization: authorization("host;range;x-amz-content-sha256;x-amz-date", signature),
  range: "bytes=0-9",
  "x-amz-content-sha256": emptyHash,
  "x-amz-date": "20130524T000000Z",
});
const getSignature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

test("the documented signature of GET with a range is accepted, any other is not", async () => {
  assert.deepEqual(await send("GET", "/test.txt", getHeaders(getSignature)), { status: 206, body: "Welcome to" });
  const wrong = await send("GET", "/test.txt", getHeaders(getSignature.replace("f0", "f1")));
  assert.equal(wrong.status, 403);
  assert.match(wrong.body, /<Code>SignatureDoesNotMatch<\/Code>.*<StringToSign>AWS4-HMAC-SHA256&?/s);
  const otherRange = await send("GET", "/test.txt", { ...getHeaders(getSignature), range: "bytes=0-8" });
  assert.equal(otherRange.status, 403);
});

test("the documented signature of PUT with a `$` in the key is accepted", async () => {
  const reply = await send(
    "PUT",
    "/test%24file.text",
    {
      host: "examplebucket.s3.amazonaws.com",
      date: "Fri, 24 May 2013 00:00:00 GMT",
      authorization: authorization(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      ),
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      "content-length": "21",
    },
    "Welcome to Amazon S3.",
  );
  assert.equal(reply.status, 200, reply.body);
  assert.ok(server.keys("examplebucket").includes("test$file.text"));
});

test("the documented signature of a listing is accepted", async () => {
  const reply = await send("GET", "/?max-keys=2&prefix=J", {
    host: "examplebucket.s3.amazonaws.com",
    authorization: authorization(
      "host;x-amz-content-sha256;x-amz-date",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
    "x-amz-date": "20130524T000000Z",
    "x-amz-content-sha256": emptyHash,
  });
  assert.equal(reply.status, 200, reply.body);
});

test("the documented presigned URL works until it expires", async () => {
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(scope)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`;
  const host = { host: "examplebucket.s3.amazonaws.com" };
  assert.equal((await send("GET", `/test.txt?${query}`, host)).status, 200);
  assert.equal((await send("GET", `/test.txt?${query.replace("=86400", "=86401")}`, host)).status, 403);
  now = day + 86_401_000;
  const expired = await send("GET", `/test.txt?${query}`, host);
  now = day - 16 * 60_000;
  const early = await send("GET", `/test.txt?${query}`, host);
  now = day;
  assert.equal(expired.status, 403);
  assert.match(expired.body, /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/);
  assert.match(early.body, /Request is not yet valid/);
});

const chunk = (size: number, signature: string): string =>
  `${size.toString(16)};chunk-signature=${signature}\r\n${"a".repeat(size)}\r\n`;

test("the documented signed chunks are accepted, a changed one is not", async () => {
  const headers = {
    host: "s3.amazonaws.com",
    "x-amz-date": "20130524T000000Z",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    authorization: authorization(
      "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
      "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    ),
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": "66560",
    "content-length": "66824",
  };
  const body = [
    chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
  ].join("");
  const reply = await send("PUT", "/examplebucket/chunkObject.txt", headers, body);
  assert.equal(reply.status, 200, reply.body);
  assert.equal(server.objectBytes("examplebucket", "chunkObject.txt")?.length, 66_560);
  const changed = await send("PUT", "/examplebucket/changed.txt", headers, body.replace("aaaa", "aaab"));
  assert.equal(changed.status, 403);
  assert.equal(server.objectBytes("examplebucket", "changed.txt"), undefined);
});

test("clock skew beyond 15 minutes is refused with both times", async () => {
  now = day + 16 * 60_000;
  const reply = await send("GET", "/test.txt", getHeaders(getSignature));
  now = day;
  assert.equal(reply.status, 403);
  assert.match(reply.body, /RequestTimeTooSkewed.*<RequestTime>20130524T000000Z<.*<ServerTime>2013-05-24T00:16:00Z</s);
});

test("x-amz headers that are not signed, and a missing payload hash, are refused", async () => {
  const unsigned = await send("GET", "/test.txt", { ...getHeaders(getSignature), "x-amz-request-payer": "requester" });
  assert.match(unsigned.body, /<HeadersNotSigned>x-amz-request-payer</);
  const { "x-amz-content-sha256": _, ...rest } = getHeaders(getSignature);
  const hashless = await send("GET", "/test.txt", rest);
  assert.match(hashless.body, /Missing required header for this request: x-amz-content-sha256/);
});
