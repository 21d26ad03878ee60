import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, beforeEach, test } from "node:test";
import type { ErrorCode, StorageError } from "../../../../src/errors.ts";
import { collect } from "../../../../src/storage/collect.ts";
import type { WritableStorage } from "../../../../src/storage/storage.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { type FakeS3Request, S3Failure, startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

let intercept: ((request: FakeS3Request) => S3Failure | "disconnect" | undefined) | undefined;
let serverTime: number | undefined;
const temporary = { accessKeyId: "ASIATEMPORARY", secretAccessKey: "temporary", sessionToken: "session-token-value" };
const server = await startFakeS3({
  buckets: ["models"],
  credentials: [testKeys, { ...temporary, expiresAt: Date.UTC(2020, 0, 1) }],
  clock: () => serverTime ?? Date.now(),
  intercept: (request) => intercept?.(request),
});
after(() => server.close());
await server.putObject("models", "file", "content");
await server.putObject("models", "cold", "content", { storageClass: "DEEP_ARCHIVE" });
beforeEach(() => {
  intercept = undefined;
  serverTime = undefined;
});

const file = parseUri("s3://models/file");
const clock = quickClock();

async function withClient<Result>(
  options: Parameters<typeof openS3>[2],
  use: (client: WritableStorage) => Promise<Result>,
): Promise<Result> {
  clock.time = Date.now();
  const client = await openS3(server, file, { clock, ...options });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** The error of a stat, or of what is given instead. */
function failure(
  codes: ErrorCode,
  options: Parameters<typeof openS3>[2] = {},
  attempt: (client: WritableStorage) => Promise<unknown> = (client) => client.stat(file),
): Promise<StorageError> {
  return withClient(options, (client) => expectError(() => attempt(client), codes, "s3"));
}

const listing = (client: WritableStorage) => collect(client.list(file));

test("wrong keys: which half is wrong, and as whom", async () => {
  const unknown = await failure("unauthenticated", { keys: { ...testKeys, accessKeyId: "AKIAUNKNOWN" } });
  assert.match(unknown.detail, /does not know this access key id \(auth access_key\)/);
  assert.equal(unknown.serviceCode, "InvalidAccessKeyId");
  assert.equal(unknown.retry, "permanent");
  const wrong = await failure("unauthenticated", { keys: { ...testKeys, secretAccessKey: "wrong" } }, listing);
  assert.match(wrong.detail, /secret access key does not match/);
  assert.match(wrong.hint, /AWS_SECRET_ACCESS_KEY/);
});

test("expired temporary keys, and not a trace of the token", async () => {
  const error = await failure("unauthenticated", { keys: temporary });
  assert.match(error.detail, /session token is not valid/);
  assert.equal(error.serviceCode, "ExpiredToken");
  for (const text of [error.message, String(error.stack), JSON.stringify(error.fields()), String(error.cause)]) {
    assert.ok(!text.includes(temporary.sessionToken), text);
  }
});

test("a bucket or an object that is not there, told apart although HEAD has no words", async () => {
  const bucket = await failure("not_found", {}, (client) => client.stat(parseUri("s3://absent/file")));
  assert.match(bucket.detail, /bucket absent does not exist/);
  const object = await failure("not_found", {}, (client) => client.stat(parseUri("s3://models/absent")));
  assert.match(object.detail, /no such object/);
  assert.equal(object.target, "s3://models/absent");
});

test("denied: anonymous, by policy, by a KMS key", async () => {
  const anonymous = await failure("permission_denied", { parameters: { auth: "anonymous" } });
  assert.match(anonymous.message, /it may not be read without logging in/);
  assert.match(anonymous.hint, /Set parameters.auth/);
  intercept = () => new S3Failure(403, "AccessDenied", "Access Denied");
  assert.match((await failure("permission_denied")).hint, /s3:GetObject on the object; without s3:ListBucket/);
  const denied = await failure("permission_denied", {}, listing);
  assert.match(denied.message, /access is denied \(auth access_key\)/);
  assert.match(denied.hint, /s3:ListBucket on the bucket/);
  intercept = () =>
    new S3Failure(403, "AccessDenied", "User is not authorized to perform: kms:Decrypt on this resource");
  const locked = await failure("permission_denied");
  assert.match(locked.message, /the object is encrypted with a KMS key that this identity may not use/);
  assert.match(locked.hint, /kms:Decrypt/);
});

test("a wrong clock, with the difference measured", async () => {
  serverTime = Date.now() + 3 * 3_600_000;
  const behind = await failure("unauthenticated");
  assert.match(behind.detail, /this machine's clock is 3 hours behind the service's/);
  assert.match(behind.hint, /NTP/);
  serverTime = Date.now() - 20 * 60_000;
  assert.match((await failure("unauthenticated", {}, listing)).detail, /clock is 20 minutes ahead of/);
});

test("an archived object can be described and says why it cannot be read", async () => {
  const cold = parseUri("s3://models/cold");
  await withClient({}, async (client) => assert.equal((await client.stat(cold)).size, 7));
  intercept = ({ operation, key }) =>
    operation === "HeadObject" && key === "cold" ? new S3Failure(403, "Forbidden", "") : undefined;
  const error = await failure("unsupported", {}, (client) => client.stat(cold));
  assert.match(error.detail, /the object is archived \(DEEP_ARCHIVE\)/);
  assert.match(error.hint, /restore-object/);
});

test("an object under a key of the customer's", async () => {
  intercept = ({ headers }) =>
    headers.has("x-amz-server-side-encryption-customer-key-md5")
      ? undefined
      : new S3Failure(400, "InvalidRequest", "The object was stored using a form of Server Side Encryption.");
  assert.match((await failure("unsupported")).detail, /SSE-C/);
});

test("overload is waited for as long as the service says, and given up in the end", async () => {
  let left = 2;
  intercept = () => {
    left -= 1;
    return left < 0
      ? undefined
      : new S3Failure(503, "SlowDown", "Please reduce your request rate.", { headers: { "retry-after": "7" } });
  };
  const before = clock.waits.length;
  await withClient({}, async (client) => assert.equal((await client.stat(file)).size, 7));
  assert.deepEqual(clock.waits.slice(before), [7000, 7000]);
  left = 1000;
  const error = await failure("rate_limited", {}, listing);
  assert.deepEqual([error.retry, error.attempts, error.serviceCode], ["exhausted", 4, "SlowDown"]);
});

test("a service in trouble is asked again, a broken connection too", async () => {
  for (const trouble of [
    new S3Failure(500, "InternalError", "We encountered an internal error."),
    "disconnect" as const,
  ]) {
    let first = true;
    intercept = () => {
      const failing = first;
      first = false;
      return failing ? trouble : undefined;
    };
    await withClient({}, async (client) => assert.equal((await client.stat(file)).size, 7));
  }
  intercept = () => "disconnect";
  assert.equal((await failure("connection")).retry, "exhausted");
});

test("one request of ours is one request on the wire: the SDK does not retry beneath us", async () => {
  intercept = () => new S3Failure(503, "ServiceUnavailable", "Reduce your request rate.");
  server.counters.reset();
  await failure("unavailable", {}, listing);
  assert.equal(server.counters.of("ListObjectsV2").requests, 4);
});

test("an endpoint that nobody listens at, or that speaks something else", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const refused = await failure("connection", { parameters: { endpoint: `http://127.0.0.1:${port}` } });
  assert.match(refused.detail, new RegExp(`127.0.0.1:${port} refuses connections`));
  const page = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<html><p>Hi"));
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  const parameters = { endpoint: `http://127.0.0.1:${(page.address() as AddressInfo).port}` };
  try {
    const error = await failure("protocol", { parameters }, listing);
    assert.match(error.hint, /Check the endpoint/);
    assert.equal(error.retry, "permanent");
  } finally {
    page.close();
  }
});

test("directory buckets are refused when they are opened", async () => {
  const uri = "s3://models--use1-az4--x-s3/file";
  await expectError(() => openS3(server, uri), "unsupported", "s3");
});
