import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type TestContext, test } from "node:test";
import { collect } from "../../../../src/storage/collect.ts";
import { createStorageClient, type StorageClientOptions } from "../../../../src/storage/create-storage-client.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import { systemClock } from "../../../../src/telemetry/clock.ts";
import { type LogFields, type Logger, silentLogger } from "../../../../src/telemetry/logger.ts";
import { expectError } from "../../../../src/testing/conformance/index.ts";
import { withKey } from "../../../../src/uri/with-key.ts";
import { StaticHttpServer, type StaticHttpServerOptions } from "../../../support/static-http-server.ts";
import { startHttps, testCaPath } from "../../../support/web-server.ts";

async function serve(t: TestContext, options: StaticHttpServerOptions = {}): Promise<StaticHttpServer> {
  const server = await new StaticHttpServer(options).start();
  t.after(() => server.stop());
  return server;
}

async function open(t: TestContext, storageUri: string, options: Partial<StorageClientOptions> = {}) {
  const clock = { ...systemClock, sleep: async () => {} };
  const opened = await createStorageClient({ storageUri, env: {}, clock, ...options });
  t.after(() => opened.client.close());
  const { client, objectUri } = opened;
  return { client, objectUri, names: async () => (await collect(client.list(objectUri))).map((info) => info.key) };
}

test("reads one object, its query kept and never shown", async (t) => {
  const server = await serve(t);
  server.write("dir/a b.bin", "hello");
  const { client, objectUri, names } = await open(t, `${server.origin}/dir/a%20b.bin?sig=s3cr3t&x=%2F`);
  assert.deepEqual(await names(), ["dir/a b.bin"]);
  assert.equal(Buffer.from(await readRange(client, objectUri)).toString(), "hello");
  for (const request of server.requests) assert.match(request, /^(?:HEAD|GET) \/dir\/a%20b\.bin\?sig=s3cr3t&x=%2F$/);
  const source = await client.locate(objectUri);
  assert.ok(source.kind === "http" && source.secretUrl && source.url.endsWith("?sig=s3cr3t&x=%2F"));
  server.files.clear();
  const error = await expectError(() => client.stat(objectUri), "not_found", "http");
  assert.doesNotMatch(JSON.stringify({ ...error, message: error.message, cause: String(error.cause) }), /s3cr3t/);
  assert.deepEqual(await names(), []);
});

test("trusts an authority that caBundle names, and none that nobody named", async (t) => {
  const server = await startHttps(t, (request, response) => {
    response.setHeader("content-length", 5);
    response.setHeader("etag", '"1"');
    response.end(request.method === "HEAD" ? undefined : "hello");
  });
  const trusting = await open(t, `${server.origin}/file`, { parameters: { caBundle: testCaPath } });
  assert.equal(Buffer.from(await readRange(trusting.client, trusting.objectUri)).toString(), "hello");
  const distrusting = await open(t, `${server.origin}/file`);
  const error = await expectError(() => distrusting.client.stat(distrusting.objectUri), "connection", "http");
  assert.equal(error.retry, "permanent");
  assert.match(error.message, /certificate/);
});

test("says that a slash is missing where an address is a directory's", async (t) => {
  const server = await serve(t);
  server.write("dir/file", "x");
  const { names } = await open(t, `${server.origin}/dir`);
  const error = await expectError(names, "not_found", "http");
  assert.match(error.message, /it is a directory.*slash at its end/);
});

test("lists a directory that was opened without its slash when it is asked for with one", async (t) => {
  const server = await serve(t);
  server.write("dir/file", "x");
  server.write("dir2/file", "x");
  const { client, objectUri } = await open(t, `${server.origin}/dir`);
  const keys = async (key: string) => (await collect(client.list(withKey(objectUri, key)))).map((info) => info.key);
  assert.deepEqual(await keys("dir/"), ["dir/file"]);
  assert.deepEqual(await keys("dir2/"), ["dir2/file"]);
  assert.deepEqual(await keys(""), ["dir/file", "dir2/file"]);
});

test("sends credentials with every request, and a redirect takes them nowhere else", async (t) => {
  const other = await serve(t);
  other.write("moved", "hello");
  const server = await serve(t, {
    intercept: (request, response) => {
      if (request.url !== "/dir/moved.bin") return false;
      response.writeHead(302, { location: `${other.origin}/moved?sig=1` }).end();
      return true;
    },
  });
  server.write("dir/here.bin", "x");
  server.write("dir/moved.bin", "x");
  const { client, objectUri } = await open(t, `${server.origin}/dir/`, { parameters: { token: "s3cr3t" } });
  for (const info of await collect(client.list(objectUri))) await readRange(client, info.uri, { pin: info });
  assert.ok(server.headers.length >= 4);
  for (const headers of server.headers) assert.equal(headers.authorization, "Bearer s3cr3t");
  assert.ok(other.headers.length >= 2);
  for (const headers of other.headers) assert.equal(headers.authorization, undefined);
});

test("chooses credentials from parameters and Secret, and misses none silently", async (t) => {
  const server = await serve(t);
  server.write("file", "x");
  const header = async (options: Partial<StorageClientOptions>): Promise<string | undefined> => {
    const { client, objectUri } = await open(t, `${server.origin}/file`, options);
    await client.stat(objectUri);
    return server.headers.at(-1)?.authorization;
  };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  assert.equal(await header({}), undefined);
  assert.equal(await header({ parameters: { username: "u", password: "p:ü" } }), basic("u:p:ü"));
  assert.equal(await header({ secret: { username: "u", password: "p" } }), basic("u:p"));
  assert.equal(await header({ secret: { token: "t\n" } }), "Bearer t");
  assert.equal(
    await header({ secret: { token: "t", username: "u", password: "p" }, parameters: { auth: "basic" } }),
    basic("u:p"),
  );
  assert.equal(await header({ secret: { token: "t" }, parameters: { auth: "anonymous" } }), undefined);
  assert.equal(await header({ secret: { token: "t" }, parameters: { username: "u", password: "p" } }), basic("u:p"));
  assert.equal(await header({ secret: { username: "u\n", password: "p\n" } }), basic("u:p"));
  assert.equal(await header({ secret: { token: "t" }, parameters: { auth: "Bearer" } }), "Bearer t");
  const before = server.requests.length;
  for (const parameters of [
    { auth: "anonymous", token: "t" },
    { auth: "basic", username: "u", password: "p", token: "t" },
    { username: "u", password: "p", token: "t" },
    { auth: "digest" },
    { password: "p" },
  ]) {
    await expectError(() => header({ parameters }), "config_invalid", "http");
  }
  await expectError(() => header({ parameters: { auth: "bearer" } }), "config_invalid", "http");
  await expectError(() => header({ parameters: { auth: "basic", username: "u" } }), "config_invalid", "http");
  await expectError(() => header({ parameters: { username: "a:b", password: "p" } }), "config_invalid", "http");
  const error = await expectError(() => header({ parameters: { token: "s3cr3t\r\nx: y" } }), "config_invalid", "http");
  assert.doesNotMatch(error.message, /s3cr3t/);
  assert.equal(server.requests.length, before);
});

test("warns when credentials go over plain HTTP, and logs the type only", async (t) => {
  const lines: string[] = [];
  const log = (fields: LogFields, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { ...silentLogger, debug: log, warn: log, child: () => logger };
  await open(t, "http://example.test/file", { logger, parameters: { token: "s3cr3t" } });
  await open(t, "https://example.test/file?sig=s3cr3t", { logger, parameters: { username: "u", password: "s3cr3t" } });
  assert.equal(lines.filter((line) => line.startsWith("credentials go over plain HTTP")).length, 1);
  assert.equal(lines.filter((line) => /^storage opened .*"auth":"(?:bearer|basic)"/.test(line)).length, 2);
  assert.doesNotMatch(lines.join("\n"), /s3cr3t/);
});

test("describes by the first byte where HEAD is refused or tells no size", async (t) => {
  for (const options of [
    { headStatus: 403 },
    { headStatus: 405 },
    { lengthless: true },
    { headStatus: 501, ranges: false },
  ]) {
    const server = await serve(t, { digests: true, ...options });
    server.write("file", "hello");
    server.write("empty", "");
    const { client, objectUri } = await open(t, `${server.origin}/file`);
    const info = await client.stat(objectUri);
    assert.equal(info.size, 5, JSON.stringify(options));
    assert.match(info.etag ?? "", /^"/);
    assert.equal(info.digests[0]?.value, createHash("sha256").update("hello").digest("hex"));
    assert.equal((await client.stat(withKey(objectUri, "empty"))).size, 0);
  }
});

test("says so when a server does not tell the size at all", async (t) => {
  const server = await serve(t, { lengthless: true, ranges: false });
  server.write("file", "hello");
  const { client, objectUri } = await open(t, `${server.origin}/file`);
  const error = await expectError(() => client.stat(objectUri), "unsupported", "http");
  assert.match(error.message, /does not tell its size.*parameters\.index/);
});

test("pins by what the server offers", async (t) => {
  const located = async (validator: NonNullable<StaticHttpServerOptions["validator"]>) => {
    const server = await serve(t, { validator });
    server.write("file", "hello");
    const { client, objectUri } = await open(t, `${server.origin}/file`);
    const source = await client.locate(objectUri, { pin: await client.stat(objectUri) });
    assert.ok(source.kind === "http");
    return source;
  };
  assert.match((await located("strong")).ifMatch ?? "", /^"/);
  const weak = await located("weak");
  assert.equal(weak.ifMatch, undefined);
  assert.match(weak.expectHeaders?.["etag"] ?? "", /^W\/"/);
  assert.match((await located("last-modified")).expectHeaders?.["last-modified"] ?? "", /GMT$/);
  assert.equal((await located("none")).expectHeaders, undefined);
});

test("repeats what may heal and nothing else", async (t) => {
  let failures = 2;
  const failing = await serve(t, {
    intercept: (_request, response) => {
      if (failures <= 0) return false;
      failures -= 1;
      response.writeHead(failures === 1 ? 503 : 429).end();
      return true;
    },
  });
  failing.write("file", "hello");
  const { client, objectUri } = await open(t, `${failing.origin}/file`);
  assert.equal((await client.stat(objectUri)).size, 5);
  assert.equal(failing.requests.length, 3);
  for (const [status, code] of [
    [401, "unauthenticated"],
    [404, "not_found"],
    [410, "not_found"],
    [451, "permission_denied"],
    [418, "protocol"],
  ] as const) {
    const server = await serve(t, {
      intercept: (_request, response) => {
        response.writeHead(status).end();
        return true;
      },
    });
    const refused = await open(t, `${server.origin}/file`);
    const error = await expectError(() => refused.client.stat(refused.objectUri), code, "http");
    assert.equal(error.httpStatus, status);
    assert.equal(server.requests.length, 1);
  }
});

test("stays on the opened server and in the opened directory", async (t) => {
  const server = await serve(t);
  server.write("dir/file", "x");
  server.write("other/file", "x");
  const { client, objectUri } = await open(t, `${server.origin}/dir/`);
  for (const key of ["other/file", "dirt", "file"]) {
    const uri = withKey(objectUri, key);
    await expectError(() => client.stat(uri), "unsafe_path", "http");
    await expectError(() => client.locate(uri), "unsafe_path", "http");
    await expectError(() => collect(client.list(uri)), "unsafe_path", "http");
  }
  assert.ok(objectUri.provider === "http");
  const foreign = { ...objectUri, origin: "http://127.0.0.1:1" };
  await expectError(() => client.locate(foreign), "config_invalid", "http");
  assert.equal(server.requests.length, 0);
});

test("reads checksum files that the index shows", async (t) => {
  const server = await serve(t, { index: "apache" });
  const value = createHash("sha256").update("weights").digest("hex");
  server.write("m/model.bin", "weights");
  server.write("m/model.bin.sha256", `${value}  model.bin\n`);
  server.write("m/config.json", "{}");
  const { client, objectUri } = await open(t, `${server.origin}/m/`);
  const infos = await collect(client.list(objectUri));
  assert.deepEqual(
    infos.map((info) => [info.key, info.digests.map((digest) => digest.value)]),
    [
      ["m/config.json", []],
      ["m/model.bin", [value]],
      ["m/model.bin.sha256", []],
    ],
  );
  const again = await client.stat(withKey(objectUri, "m/model.bin"));
  assert.deepEqual(again.digests, infos[1]?.digests);
});

const sha256Of = (text: string) => createHash("sha256").update(text).digest("hex");

test("reads an explicit file list, by name or in place of a hidden index", async (t) => {
  for (const [parameters, path] of [
    [{ index: "lists/files.json" }, "m/lists/files.json"],
    [{ index: "/lists/files.json?v=2" }, "lists/files.json"],
    [{}, "m/index.json"],
  ] as const) {
    const server = await serve(t, { index: "none" });
    server.write("m/config.json", "{}");
    server.write("m/sub/a+b.bin", "weights");
    server.write("m/unlisted", "x");
    const files = [
      { path: "sub/a+b.bin", size: 7, digests: { sha256: sha256Of("weights") } },
      { path: "config.json", size: 2 },
    ];
    server.write(path, JSON.stringify({ files }));
    const { client, objectUri } = await open(t, `${server.origin}/m/`, { parameters });
    const infos = await collect(client.list(objectUri));
    assert.deepEqual(
      infos.map((info) => [info.key, info.size, info.digests.length, info.digestsFinal]),
      [
        ["m/config.json", 2, 0, false],
        ["m/sub/a+b.bin", 7, 1, true],
      ],
    );
    for (const info of infos) assert.equal((await readRange(client, info.uri, { pin: info })).length, info.size);
    const groups: string[] = [];
    const options = { delimiter: "/", onPrefix: ({ prefix }: { prefix: string }) => void groups.push(prefix) };
    assert.equal((await collect(client.list(objectUri, options))).length, 1);
    assert.deepEqual(groups, ["m/sub/"]);
  }
});

test("takes digests from the file list without a listing, and notices that the list is out of date", async (t) => {
  const server = await serve(t);
  server.write("m/a", "weights");
  server.write("m/b", "longer than listed");
  const files = ["a", "b"].map((path) => ({ path, size: 7, digests: { sha256: sha256Of("weights") } }));
  server.write("m/files.json", JSON.stringify({ files }));
  const { client, objectUri } = await open(t, `${server.origin}/m/`, { parameters: { index: "files.json" } });
  assert.equal((await client.stat(withKey(objectUri, "m/a"))).digests[0]?.value, sha256Of("weights"));
  const error = await expectError(() => client.stat(withKey(objectUri, "m/b")), "precondition_failed", "http");
  assert.match(error.message, /file list says 7 bytes and the server 18/);
});

test("does not ask another server for the file list", async (t) => {
  const other = await serve(t);
  const server = await serve(t);
  server.write("m/file", "x");
  const { names } = await open(t, `${server.origin}/m/`, {
    parameters: { index: `${other.origin}/list.json`, token: "t" },
  });
  await expectError(names, "config_invalid", "http");
  assert.equal(other.requests.length, 0);
});

test("explains a directory that shows no index", async (t) => {
  const hidden = await serve(t, { index: "none" });
  hidden.write("m/file", "x");
  const error = await expectError((await open(t, `${hidden.origin}/m/`)).names, "permission_denied", "http");
  assert.match(error.hint, /parameters\.index/);
  const site = await serve(t, {
    intercept: (request, response) => {
      if (request.url !== "/m/") return false;
      response.writeHead(200, { "content-type": "text/html" }).end("<html><h1>Welcome</h1></html>");
      return true;
    },
  });
  await expectError((await open(t, `${site.origin}/m/`)).names, "unsupported", "http");
  await expectError((await open(t, `${site.origin}/nowhere/`)).names, "not_found", "http");
});

test("fails rather than list less than the index names", async (t) => {
  const server = await serve(t, {
    intercept: (request, response) => {
      const gone = request.method === "HEAD" && request.url === "/m/b";
      if (gone) response.writeHead(404).end();
      return gone;
    },
  });
  for (const name of ["a", "b", "c"]) server.write(`m/${name}`, "x");
  const error = await expectError((await open(t, `${server.origin}/m/`)).names, "not_found", "http");
  assert.match(error.message, /\/m\/b: the index names it/);
});

test("asks about many files over few connections", async (t) => {
  const server = await serve(t);
  for (let index = 0; index < 300; index++) server.write(`m/${index}`, "x".repeat(100_000));
  assert.equal((await (await open(t, `${server.origin}/m/`)).names()).length, 300);
  assert.equal(server.requests.length, 301);
  assert.ok(server.connections <= 50, `${server.connections} connections`);
});

test("ends with an error where directories have no end", async (t) => {
  const server = await serve(t, {
    intercept: (_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end('<title>Index of</title><a href="loop/">loop</a>');
      return true;
    },
  });
  await expectError((await open(t, `${server.origin}/m/`)).names, "unsafe_path", "http");
  assert.ok(server.requests.length < 50);
});

test("passes the query of a directory on to what is in it", async (t) => {
  const server = await serve(t);
  server.write("m/sub/file", "x");
  const { client, objectUri } = await open(t, `${server.origin}/m/?sig=s3cr3t`);
  const [info] = await collect(client.list(objectUri));
  assert.equal((await readRange(client, info?.uri ?? objectUri)).length, 1);
  assert.equal(server.requests.length, 5);
  for (const request of server.requests) assert.match(request, /\?sig=s3cr3t$/);
});
