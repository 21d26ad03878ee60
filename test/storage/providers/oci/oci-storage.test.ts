import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { isStorageError } from "../../../../src/errors.ts";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import type { HttpReadSource } from "../../../../src/storage/read-source.ts";
import { readSource } from "../../../../src/testing/conformance/index.ts";
import { OciFailure, startFakeOci } from "../../../../src/testing/fake-oci/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { manualClock } from "../../../support/manual-clock.ts";
import { createTestUser, knownKey } from "../../../support/oci/api-key.ts";
import { openOci, secretOf } from "../../../support/oci/open-oci.ts";
import { watchSecrets } from "../../../support/secret-watch.ts";
import { startHttp } from "../../../support/web-server.ts";

const watch = watchSecrets();
const minute = 60_000;
const user = createTestUser();
const reader = createTestUser("reader");
const stranger = createTestUser("stranger");
const printed: string[] = [];

before(() => {
  // Everything that the SDK would print is a failure of this file.
  for (const name of ["log", "info", "warn", "error", "debug"] as const) {
    console[name] = (...values: unknown[]) => void printed.push(values.join(" "));
  }
});
after(() => assert.deepEqual(printed, []));

function startFake(options: Parameters<typeof startFakeOci>[0] = {}) {
  return startFakeOci({
    buckets: ["models"],
    keys: [knownKey(user), knownKey(reader, "read"), knownKey(stranger, "none")],
    copyPolls: 0,
    ...options,
  });
}

async function opened(
  t: { after(done: () => Promise<void>): void },
  options: Parameters<typeof startFakeOci>[0] = {},
  open: Parameters<typeof openOci>[2] & { readonly uri?: string } = {},
) {
  const fake = await startFake(options);
  const { uri = "oci://n/testspace/b/models/o/", ...rest } = open;
  const client = await openOci(fake, uri, { secret: secretOf(user), logger: watch.logger, ...rest });
  t.after(async () => {
    await client.close();
    await fake.close();
  });
  return { fake, client };
}

const at = (key: string, place = "oci://n/testspace/b/models/o/") => parseUri(place + key);

test("one located read is good for every range and for every condition, until four minutes have passed", async (t) => {
  const clock = manualClock(Date.now());
  const { fake, client } = await opened(t, { clock: () => clock.now() }, { clock });
  const bytes = randomBytes(3000);
  const { etag } = await fake.putObject("models", "dir/a b+c%20(ä)'!*", bytes);
  const source = (await client.locate(at("dir/a b+c%20(ä)'!*"), { pin: { size: 3000, etag } })) as HttpReadSource;
  assert.equal(source.expiresAt, clock.now() + 4 * minute);
  assert.equal(source.ifMatch, etag);
  assert.equal(source.secretUrl, false);
  assert.equal(source.dropHeadersOnRedirect, true);
  assert.deepEqual(Object.keys(source.headers).sort(), ["authorization", "x-date"]);
  for (const [offset, length] of [
    [0, 3000],
    [1, 1],
    [1000, 2000],
  ] as const) {
    const part = await readSource(source, { offset, length, size: 3000 });
    assert.ok(bytes.subarray(offset, offset + length).equals(part));
  }
  await clock.advance(4.9 * minute);
  assert.equal((await readSource(source, { offset: 0, length: 1 })).length, 1, "still good where the clocks agree");
  await clock.advance(0.2 * minute);
  await assert.rejects(
    readSource(source, { offset: 0, length: 1 }),
    (error: unknown) => isStorageError(error) && error.httpStatus === 401,
  );
  const again = await client.locate(at("dir/a b+c%20(ä)'!*"));
  assert.equal((await readSource(again, { offset: 0, length: 3000 })).length, 3000);
});

test("a read is bound to the version, not only to its etag, where the bucket keeps versions", async (t) => {
  const { fake, client } = await opened(t, { buckets: [{ name: "models", versioning: true }] });
  await fake.putObject("models", "file", "old");
  const { size, etag, version } = await client.stat(at("file"));
  await fake.putObject("models", "file", "new");
  const pinned = await readRange(client, at("file"), { pin: { size, etag, version } });
  assert.equal(Buffer.from(pinned).toString(), "old");
  const changed = watch.rejection(readRange(client, at("file"), { pin: { size, etag } }));
  assert.equal((await changed).code, "precondition_failed");
});

test("prefixes and marks with characters of queries stay what they are", async (t) => {
  const { fake, client } = await opened(t);
  const names = ["a&prefix=b/1", "a&prefix=b/2", "a+b/1", "a b/1", "a%2Bb/1", "a#b/1", "ä?/1"];
  for (const name of names) await fake.putObject("models", name, "x");
  for (const prefix of ["a&prefix=b/", "a+b/", "a b/", "a%2Bb/", "a#b/", "ä?/"]) {
    const found = await collect(client.list(at(prefix), { pageSize: 1 }));
    assert.deepEqual(
      found.map(({ key }) => key),
      names.filter((name) => name.startsWith(prefix)),
      prefix,
    );
  }
  const later = await collect(client.list(at("a&"), { startAfter: "a&prefix=b/1", pageSize: 2 }));
  assert.deepEqual(
    later.map(({ key }) => key),
    ["a&prefix=b/2"],
  );
});

test("a delimiter that the service does not know is applied here", async (t) => {
  const { fake, client } = await opened(t);
  for (const name of ["m-1-a", "m-1-b", "m-2", "n"]) await fake.putObject("models", name, "x");
  const groups: string[] = [];
  const options = {
    delimiter: "-",
    onPrefix: ({ prefix }: { prefix: string }) => void groups.push(prefix),
    pageSize: 2,
  };
  assert.deepEqual(
    (await collect(client.list(at(""), options))).map(({ key }) => key),
    ["n"],
  );
  assert.deepEqual(groups, ["m-"]);
});

test("the namespace is asked for once, whoever asks, and a failure is not remembered", async (t) => {
  let failures = 5;
  const { fake, client } = await opened(
    t,
    {
      intercept: ({ operation }) =>
        operation === "GetNamespace" && failures-- > 0 ? new OciFailure(503, "ServiceUnavailable", "") : undefined,
    },
    { uri: "oci://models/", clock: { ...manualClock(Date.now()), sleep: async () => {} } },
  );
  await fake.putObject("models", "file", "x");
  const first = await watch.rejection(client.stat(at("file", "oci://models/")));
  assert.deepEqual([first.code, first.retry, first.operation], ["unavailable", "exhausted", "find namespace"]);
  const infos = await Promise.all(Array.from({ length: 20 }, () => client.stat(at("file", "oci://models/"))));
  assert.equal(infos.length, 20);
  assert.equal(fake.count("GetNamespace"), 4 + 2);
  assert.ok(watch.messages.includes("debug namespace of the tenancy found"));
});

test("failures that pass are tried again, and the service's pause is kept", async (t) => {
  const clock = manualClock(Date.now());
  const slept: number[] = [];
  const waiting = { ...clock, sleep: async (ms: number) => void slept.push(ms) };
  const { fake, client } = await opened(
    t,
    {
      intercept: ({ count }) =>
        count === 1
          ? new OciFailure(429, "TooManyRequests", "slow down", { "retry-after": "7" })
          : count === 2
            ? "disconnect"
            : count === 3
              ? new OciFailure(500, "InternalServerError", "oops")
              : undefined,
    },
    { clock: waiting },
  );
  await fake.putObject("models", "file", "x");
  assert.equal((await client.stat(at("file"))).size, 1);
  assert.equal(fake.count("HeadObject"), 4);
  assert.equal(slept[0], 7000);
});

test("the SDK's printing of failures is kept off the console", async (t) => {
  const printed = (["log", "info", "warn", "error", "debug"] as const).map((name) => t.mock.method(console, name));
  const { client } = await opened(t, { intercept: ({ count }) => (count === 1 ? "disconnect" : undefined) });
  await watch.rejection(client.stat(at("missing")));
  assert.deepEqual(
    printed.flatMap(({ mock }) => mock.calls.map(({ arguments: given }) => given)),
    [],
  );
});

test("what is refused is explained with what to do about it", async (t) => {
  const { fake, client } = await opened(t);
  await fake.putObject("models", "file", "x");
  const missing = await watch.rejection(client.stat(at("missing")));
  assert.deepEqual([missing.code, missing.serviceCode, missing.provider], ["not_found", "ObjectNotFound", "oci"]);
  assert.match(missing.requestId ?? "", /^iad-1:/);
  const bucket = await watch.rejection(collect(client.list(parseUri("oci://n/testspace/b/nowhere/o/x"))));
  assert.equal(bucket.code, "not_found");
  assert.match(
    bucket.message,
    /no bucket nowhere in namespace testspace of region us-ashburn-1, or it may not be accessed \(auth user_principal\)/,
  );
  assert.match(
    bucket.hint,
    /Allow group \{group\} to read objects in compartment \{compartment\} where target\.bucket\.name='nowhere'/,
  );
  const stat = await watch.rejection(client.stat(parseUri("oci://n/testspace/b/nowhere/o/x")));
  assert.equal(stat.serviceCode, "BucketNotFound", "a HEAD has no words, the service is asked for them");
  const namespace = await watch.rejection(client.stat(parseUri("oci://n/other/b/models/o/file")));
  assert.match(namespace.message, /no namespace other.*oci os ns get/);
  const empty = await watch.rejection(client.stat(at("")));
  assert.equal(empty.code, "not_found");

  const hidden = await openOci(fake, at(""), { secret: secretOf(stranger) });
  t.after(() => hidden.close());
  assert.match((await watch.rejection(hidden.stat(at("file")))).message, /may not be accessed \(auth user_principal\)/);
  const reading = await openOci(fake, at(""), { secret: secretOf(reader) });
  t.after(() => reading.close());
  const write = await watch.rejection(reading.put(at("new"), Buffer.from("x")));
  assert.match(write.hint, /to manage objects/);

  const unknown = await openOci(fake, at(""), { secret: secretOf(createTestUser("nobody")) });
  t.after(() => unknown.close());
  const refused = await watch.rejection(unknown.stat(at("file")));
  assert.deepEqual([refused.code, refused.httpStatus], ["unauthenticated", 401]);
  assert.match(refused.message, /Oracle Cloud does not accept the signature \(auth user_principal\).*API keys/);
});

test("a wrong clock is told in minutes, and not tried again", async (t) => {
  const { fake, client } = await opened(t, {}, { clock: manualClock(Date.now() + 90 * minute) });
  const error = await watch.rejection(collect(client.list(at(""))));
  assert.deepEqual([error.code, error.retry], ["unauthenticated", "permanent"]);
  assert.match(error.message, /clock is 90 minutes ahead of Oracle Cloud's.*NTP/);
  assert.equal(fake.count("ListObjects"), 1);
});

test("archived objects are described, and refused before anything of them is read", async (t) => {
  const { fake, client } = await opened(t);
  await fake.putObject("models", "cold", "x", { storageTier: "Archive" });
  assert.equal((await client.stat(at("cold"))).size, 1);
  const error = await watch.rejection(client.locate(at("cold")));
  assert.equal(error.code, "unsupported");
  assert.match(error.message, /archived.*oci os object restore/);
  assert.equal(fake.count("GetObject"), 0);
  fake.restoreObject("models", "cold");
  await collect(client.list(at("")));
  assert.equal(Buffer.from(await readRange(client, at("cold"))).toString(), "x");
});

test("copies wait for the service, and its own missing permission is named", async (t) => {
  const clock = { ...manualClock(Date.now()), sleep: async () => {} };
  const { fake, client } = await opened(t, { copyPolls: 3 }, { clock });
  await fake.putObject("models", "from", "content", { partSize: 3, metadata: { md5: "kept" } });
  const info = await client.copy(at("from"), at("to"));
  assert.equal(info.size, 7);
  assert.equal(fake.count("GetWorkRequest"), 4);
  const refusing = await opened(t, { refuseCopies: true });
  await refusing.fake.putObject("models", "from", "content");
  const error = await watch.rejection(refusing.client.copy(at("from"), at("to")));
  assert.deepEqual([error.code, error.serviceCode], ["permission_denied", "InsufficientServicePermissions"]);
  assert.match(error.hint, /Allow service objectstorage-us-ashburn-1 to manage object-family/);
});

test("an upload that breaks off leaves nothing behind, one that is damaged on its way is noticed", async (t) => {
  let parts = 0;
  const { fake, client } = await opened(t, {
    minPartSize: 1,
    intercept: ({ operation }) =>
      operation === "UploadPart" && ++parts === 2
        ? new OciFailure(400, "UnmatchedContentCRC32C", "damaged")
        : undefined,
  });
  const bytes = randomBytes(25 * 1024 * 1024);
  const stored = await client.put(at("parts"), bytes, {
    partSize: 10 * 1024 * 1024,
    contentType: "application/x-test",
  });
  assert.equal(parts, 4, "the damaged part was sent again");
  assert.deepEqual(
    stored.digests.map(({ kind, algorithm }) => `${kind} ${algorithm}`),
    ["full crc32c", "composite md5"],
  );
  assert.equal((await client.stat(at("parts"))).contentType, "application/x-test");
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield bytes;
    throw new Error("the reader of the body failed");
  }
  await assert.rejects(client.put(at("broken"), breaking(), { partSize: 10 * 1024 * 1024 }));
  const controller = new AbortController();
  async function* cancelling(): AsyncGenerator<Uint8Array> {
    yield bytes;
    controller.abort();
    yield bytes;
  }
  const cancelled = client.put(at("cancelled"), cancelling(), {
    partSize: 10 * 1024 * 1024,
    signal: controller.signal,
  });
  assert.equal((await watch.rejection(cancelled)).code, "cancelled");
  assert.equal(fake.unfinishedUploads, 0);
  assert.deepEqual(fake.keys("models"), ["parts"]);
});

test("part sizes that the service does not take are refused before anything is sent", async (t) => {
  const { fake, client } = await opened(t);
  const error = await watch.rejection(client.put(at("x"), randomBytes(2000), { partSize: 1000 }));
  assert.equal(error.code, "config_invalid");
  assert.equal((await watch.rejection(client.put(at(""), Buffer.from("x")))).code, "config_invalid");
  assert.equal(fake.count("PutObject") + fake.count("CreateMultipartUpload"), 0);
});

test("answers of other servers are recognised", async (t) => {
  const server = await startHttp(t, (_incoming, outgoing) =>
    outgoing.writeHead(200, { "content-type": "text/html" }).end("<html>TOPSECRET"),
  );
  const client = await openOci({ url: server.origin, region: "us-ashburn-1" }, at(""), { secret: secretOf(user) });
  t.after(() => client.close());
  const page = await watch.rejection(collect(client.list(at(""))));
  assert.deepEqual([page.code, page.retry], ["protocol", "permanent"]);
  const denied = await startHttp(t, (_incoming, outgoing) => outgoing.writeHead(403).end("<html>TOPSECRET"));
  const other = await openOci({ url: denied.origin, region: "us-ashburn-1" }, at(""), { secret: secretOf(user) });
  t.after(() => other.close());
  assert.match((await watch.rejection(collect(other.list(at(""))))).message, /not one of OCI Object Storage \(403\)/);
  await denied.close();
  const gone = await watch.rejection(other.put(at("x"), Buffer.from("x"), { ifNoneMatch: true }));
  assert.equal(gone.code, "connection");
});
