import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3ClientConfig,
  type S3ServiceException,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { type FakeS3Request, S3Failure, startFakeS3 } from "../../../src/testing/fake-s3/index.ts";
import { sdkS3Client, testKeys } from "../../support/sdk-s3-client.ts";

let now = Date.UTC(2026, 0, 1);
let intercept: ((request: FakeS3Request) => S3Failure | "disconnect" | undefined) | undefined;
const temporary = {
  accessKeyId: "ASIATEMPORARYKEY",
  secretAccessKey: "temporary secret",
  sessionToken: "token+with/odd=characters",
};
const server = await startFakeS3({
  buckets: ["models", { name: "public", publicRead: true }, { name: "elsewhere", region: "eu-central-1" }],
  credentials: [testKeys, { ...temporary, expiresAt: now + 3_600_000 }],
  clock: () => now,
  intercept: (request) => intercept?.(request),
});
after(() => server.close());
await server.putObject("models", "a b+c%/ü//x", "signed");
await server.putObject("public", "key", "open");

const anonymous: S3ClientConfig = { signer: { sign: async (request) => request } };

async function get(config: S3ClientConfig, Bucket = "models", Key = "a b+c%/ü//x"): Promise<string> {
  const client = sdkS3Client(server.url, { systemClockOffset: now - Date.now(), ...config });
  try {
    const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
    return (await answer.Body?.transformToString()) ?? "";
  } catch (error) {
    const { name, $metadata } = error as S3ServiceException;
    return `${$metadata?.httpStatusCode} ${name}`;
  } finally {
    client.destroy();
  }
}

test("who may read: right keys only, and everybody where the bucket is public", async () => {
  assert.equal(await get({}), "signed");
  assert.equal(await get({ credentials: { ...testKeys, secretAccessKey: "wrong" } }), "403 SignatureDoesNotMatch");
  assert.equal(await get({ credentials: { ...testKeys, accessKeyId: "AKIAUNKNOWN" } }), "403 InvalidAccessKeyId");
  assert.equal(await get(anonymous), "403 AccessDenied");
  assert.equal(await get(anonymous, "public", "key"), "open");
  assert.equal(await get({}, "absent", "key"), "404 NoSuchBucket");
  assert.equal(await get({}, "models", "key"), "404 NoSuchKey");
});

test("temporary keys need their token, and only until it expires", async () => {
  assert.equal(await get({ credentials: temporary }), "signed");
  const { sessionToken: _, ...tokenless } = temporary;
  assert.equal(await get({ credentials: tokenless }), "403 InvalidAccessKeyId");
  assert.equal(await get({ credentials: { ...temporary, sessionToken: "other" } }), "400 InvalidToken");
  now += 3_600_000;
  assert.equal(await get({ credentials: temporary }), "400 ExpiredToken");
  now -= 3_600_000;
});

test("regions: a wrong scope names the right one, a misplaced bucket redirects", async () => {
  const failures: Record<string, string | undefined>[] = [];
  for (const [region, Bucket] of [
    ["ap-south-1", "models"],
    ["us-east-1", "elsewhere"],
    ["ap-south-1", "elsewhere"],
  ] as const) {
    const client = sdkS3Client(server.url, { region, systemClockOffset: now - Date.now() });
    const error = await client.send(new ListObjectsV2Command({ Bucket })).then(
      () => assert.fail("expected a failure"),
      (reason: S3ServiceException & { readonly Region?: string }) => reason,
    );
    failures.push({ name: error.name, region: error.Region, header: error.$response?.headers["x-amz-bucket-region"] });
    client.destroy();
  }
  assert.deepEqual(failures, [
    { name: "AuthorizationHeaderMalformed", region: "us-east-1", header: "us-east-1" },
    { name: "PermanentRedirect", region: undefined, header: "eu-central-1" },
    { name: "AuthorizationHeaderMalformed", region: "eu-central-1", header: "eu-central-1" },
  ]);
});

test("HEAD failures have no body and still tell the region", async () => {
  const client = sdkS3Client(server.url, { systemClockOffset: now - Date.now() });
  const error = await client.send(new HeadBucketCommand({ Bucket: "elsewhere" })).catch((reason) => reason);
  assert.equal(error.$metadata.httpStatusCode, 301);
  assert.equal(error.$response.headers["x-amz-bucket-region"], "eu-central-1");
  const absent = await client.send(new HeadObjectCommand({ Bucket: "models", Key: "x" })).catch((reason) => reason);
  assert.deepEqual([absent.name, absent.$metadata.httpStatusCode], ["NotFound", 404]);
  client.destroy();
});

test("presigned URLs: any range, until they expire, and nothing else", async () => {
  const client = sdkS3Client(server.url, { credentials: temporary, responseChecksumValidation: "WHEN_REQUIRED" });
  const command = new GetObjectCommand({ Bucket: "models", Key: "a b+c%/ü//x" });
  const url = await getSignedUrl(client, command, { expiresIn: 600, signingDate: new Date(now) });
  client.destroy();
  const ranged = await fetch(url, { headers: { range: "bytes=1-2" } });
  assert.deepEqual([ranged.status, await ranged.text()], [206, "ig"]);
  assert.equal((await fetch(url.replace("a%20b", "a%20c"))).status, 403);
  assert.equal((await fetch(url, { method: "DELETE" })).status, 403);
  const codeOf = async (answer: Response) => /<Code>(.*?)<\/Code>/.exec(await answer.text())?.[1];
  assert.equal(
    await codeOf(await fetch(url.replace(/X-Amz-Expires=\d+/, "X-Amz-Expires=604801"))),
    "AuthorizationQueryParametersError",
  );
  assert.equal(
    await codeOf(await fetch(url.replace(/&X-Amz-Signature=.*?(?=&)/, ""))),
    "AuthorizationQueryParametersError",
  );
  now += 601_000;
  assert.equal(await codeOf(await fetch(url)), "AccessDenied");
  now -= 601_000;
});

test("an intercepted request gets the failure it is given, or no answer at all", async () => {
  intercept = ({ operation, count }) =>
    operation === "GetObject" && count >= 1
      ? new S3Failure(503, "SlowDown", "Please reduce your request rate.", { headers: { "retry-after": "2" } })
      : undefined;
  assert.equal(await get({}), "503 SlowDown");
  intercept = () => "disconnect";
  assert.match(await get({}), /^undefined /);
  intercept = undefined;
  assert.equal(await get({}), "signed");
});

test("requests are counted by what they ask for", async () => {
  server.counters.reset();
  await get({});
  await get({}, "models", "absent");
  const count = server.counters.of("GetObject");
  assert.deepEqual([count.requests, count.failures], [2, 1]);
  assert.ok(count.sentBytes > 6);
  assert.equal(server.counters.of("PutObject").requests, 0);
});
