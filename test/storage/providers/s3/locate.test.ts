import assert from "node:assert/strict";
import { request } from "node:http";
import { after, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import type { HttpReadSource } from "../../../../src/storage/read-source.ts";
import type { LocateOptions, WritableStorage } from "../../../../src/storage/storage.ts";
import { startFakeS3 } from "../../../../src/testing/fake-s3/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openS3 } from "../../../support/open-s3.ts";
import { quickClock } from "../../../support/quick-clock.ts";
import { testKeys } from "../../../support/sdk-s3-client.ts";

const clock = quickClock();
const temporary = {
  accessKeyId: "ASIATEMPORARY",
  secretAccessKey: "temporary",
  sessionToken: "a/token+with=odd&chars",
};
const server = await startFakeS3({
  buckets: [
    "models",
    { name: "versioned", versioning: true },
    { name: "payers", requesterPays: true },
    { name: "public", publicRead: true },
  ],
  credentials: [testKeys, temporary],
  clock: () => clock.time,
});
after(() => server.close());

async function withClient<Result>(
  options: Parameters<typeof openS3>[2],
  use: (client: WritableStorage) => Promise<Result>,
): Promise<Result> {
  const client = await openS3(
    server,
    options?.parameters?.["versionId"] === undefined ? "s3://models/" : "s3://versioned/key",
    {
      clock,
      ...options,
    },
  );
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function locate(client: WritableStorage, uri: string, options?: LocateOptions): Promise<HttpReadSource> {
  const source = await client.locate(parseUri(uri), options);
  assert.ok(source.kind === "http");
  return source;
}

/** Sends the URL's text as it stands: no client library between that would tidy it. */
function get(source: HttpReadSource, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(source.url);
  const path = source.url.slice(source.url.indexOf("/", "http://".length));
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, path, headers: { ...source.headers, ...headers } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject).end();
  });
}

test("one signed read serves every range, and nothing but its object", async () => {
  await server.putObject("models", "file", "0123456789");
  await withClient({}, async (client) => {
    const source = await locate(client, "s3://models/file");
    assert.deepEqual(source.headers, {});
    assert.equal(source.secretUrl, true);
    assert.deepEqual(await get(source, { range: "bytes=2-4" }), { status: 206, body: "234" });
    assert.deepEqual(await get(source, { range: "bytes=-2" }), { status: 206, body: "89" });
    assert.deepEqual(await get(source), { status: 200, body: "0123456789" });
    assert.equal((await get({ ...source, url: source.url.replace("/file?", "/files?") })).status, 403);
  });
});

test("the path is the key, byte by byte", async () => {
  const keys = {
    "a b+c%/ü//x": "/models/a%20b%2Bc%25/%C3%BC//x",
    "/leading": "/models//leading",
    "star*(paren)!'~": "/models/star%2A%28paren%29%21%27~",
    "a/./b/../c": "/models/a/./b/../c",
    "?query#hash&x=1": "/models/%3Fquery%23hash%26x%3D1",
    "tail/": "/models/tail/",
  };
  await withClient({}, async (client) => {
    for (const [key, path] of Object.entries(keys)) {
      await server.putObject("models", key, key);
      const source = await client.locate({ provider: "s3", bucket: "models", key });
      assert.ok(source.kind === "http");
      assert.equal(source.url.slice(server.url.length).split("?", 1)[0], path);
      assert.deepEqual(await get(source), { status: 200, body: key });
    }
  });
});

test("a pin goes along as If-Match and as the version", async () => {
  const first = await server.putObject("versioned", "key", "one");
  await server.putObject("versioned", "key", "second");
  await withClient({}, async (client) => {
    const old = await locate(client, "s3://versioned/key", {
      pin: { size: 3, etag: first.etag, version: first.versionId },
    });
    assert.equal(old.ifMatch, first.etag);
    assert.deepEqual(await get(old, { "if-match": first.etag }), { status: 200, body: "one" });
    const unpinned = await locate(client, "s3://versioned/key");
    assert.equal(unpinned.ifMatch, undefined);
    assert.equal((await get(unpinned, { "if-match": first.etag })).status, 412);
  });
});

test("versionId reads that version, in listings, descriptions and reads", async () => {
  await server.putObject("versioned", "key", "new");
  const { versionId } = await server.putObject("versioned", "key", "the version");
  await server.putObject("versioned", "key", "newer still");
  const uri = parseUri("s3://versioned/key");
  await withClient({ parameters: { versionId } }, async (client) => {
    const [entry] = await collect(client.list(uri));
    assert.deepEqual([entry?.version, entry?.size], [versionId, 11]);
    assert.equal((await client.stat(uri)).version, versionId);
    assert.equal((await readRange(client, uri)).toString(), "the version");
    assert.equal((await get(await locate(client, "s3://versioned/key"))).body, "the version");
  });
});

test("signed reads last an hour, and are not used in their last minute", async () => {
  await withClient({}, async (client) => {
    const source = await locate(client, "s3://models/file");
    assert.equal(source.expiresAt, clock.time + 59 * 60_000);
    const now = clock.time;
    clock.time = source.expiresAt;
    assert.equal((await get(source)).status, 200);
    clock.time = now + 3_601_000;
    assert.equal((await get(source)).status, 403);
    clock.time = now;
  });
});

test("temporary keys bound the life of what they sign", async () => {
  const expiration = new Date(clock.time + 10 * 60_000).toISOString();
  const keys = { Version: 1, AccessKeyId: temporary.accessKeyId, SecretAccessKey: temporary.secretAccessKey };
  const output = JSON.stringify({ ...keys, SessionToken: temporary.sessionToken, Expiration: expiration });
  const env = {
    PATH: process.env["PATH"] ?? "",
    AWS_CREDENTIAL_PROCESS: `node -e ${JSON.stringify(`process.stdout.write(Buffer.from("${Buffer.from(output).toString("base64")}","base64"))`)}`,
  };
  await withClient({ parameters: { auth: "process" }, env }, async (client) => {
    const source = await locate(client, "s3://models/file");
    assert.equal(source.expiresAt, Date.parse(expiration) - 60_000);
    assert.ok(source.url.includes("X-Amz-Expires=600"));
    assert.ok(source.url.includes(`X-Amz-Security-Token=${encodeURIComponent(temporary.sessionToken)}`));
    assert.equal((await get(source)).status, 200);
  });
});

test("who pays stands in the signed query", async () => {
  await server.putObject("payers", "file", "coins");
  await withClient({ parameters: { requesterPays: "true" } }, async (client) => {
    assert.equal((await get(await locate(client, "s3://payers/file"))).body, "coins");
    assert.equal((await client.stat(parseUri("s3://payers/file"))).size, 5);
    assert.equal((await collect(client.list(parseUri("s3://payers/")))).length, 1);
  });
});

test("anonymous reads are plain addresses that do not expire", async () => {
  await server.putObject("public", "dir/file", "open");
  await withClient({ parameters: { auth: "anonymous" } }, async (client) => {
    const source = await locate(client, "s3://public/dir/file");
    assert.deepEqual(
      [source.url, source.secretUrl, source.expiresAt],
      [`${server.url}/public/dir/file`, false, Number.POSITIVE_INFINITY],
    );
    assert.equal((await get(source)).body, "open");
    assert.equal((await client.stat(parseUri("s3://public/dir/file"))).size, 4);
    assert.equal((await collect(client.list(parseUri("s3://public/")))).length, 1);
  });
});

test("a server that repeats how an object was uploaded is asked for identity", async () => {
  await server.putObject("models", "chunked", "content", { contentEncoding: "aws-chunked" });
  const uri = parseUri("s3://models/chunked");
  const ceph = { service: "ceph" };
  assert.equal(
    await withClient({ parameters: ceph }, async (client) => (await readRange(client, uri)).toString()),
    "content",
  );
  await withClient({ parameters: ceph }, async (client) => {
    assert.equal((await client.stat(uri)).contentEncoding, undefined);
  });
  await withClient({}, (client) => assert.rejects(() => readRange(client, uri), /encoded as aws-chunked/));
});

test("Amazon's own addresses, without asking anybody", async () => {
  const addresses: readonly (readonly [string, Record<string, string>, string])[] = [
    ["s3://models@eu-west-1/a b", {}, "https://models.s3.eu-west-1.amazonaws.com/a%20b?"],
    ["s3://models@cn-north-1/a", {}, "https://models.s3.cn-north-1.amazonaws.com.cn/a?"],
    [
      "s3://models@us-gov-west-1/a",
      { AWS_USE_FIPS_ENDPOINT: "true" },
      "https://models.s3-fips.us-gov-west-1.amazonaws.com/a?",
    ],
    ["s3://models.with.dots@eu-west-1/a", {}, "https://s3.eu-west-1.amazonaws.com/models.with.dots/a?"],
  ];
  for (const [uri, env, expected] of addresses) {
    const client = await openS3({ url: "https://unused.example" }, uri, {
      clock,
      parameters: { endpoint: undefined },
      env,
    });
    const source = await locate(client, uri);
    await client.close();
    assert.equal(source.url.slice(0, expected.length), expected);
  }
});

test("signing is cheap enough for thousands of files", async () => {
  await withClient({}, async (client) => {
    await locate(client, "s3://models/file-0");
    const before = process.cpuUsage();
    for (let index = 0; index < 1000; index++) await locate(client, `s3://models/file-${index}`);
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1000 < 2000, `${(user + system) / 1_000_000} ms CPU per read`);
  });
});
