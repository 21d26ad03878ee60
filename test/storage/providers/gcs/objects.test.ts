import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { collect } from "../../../../src/storage/collect.ts";
import { readRange } from "../../../../src/storage/read-range.ts";
import { expectError, readSource } from "../../../../src/testing/conformance/index.ts";
import { startFakeGcs } from "../../../../src/testing/fake-gcs/index.ts";
import { parseUri } from "../../../../src/uri/parse-uri.ts";
import { openGcs } from "../../../support/open-gcs.ts";
import { quickClock } from "../../../support/quick-clock.ts";

const server = await startFakeGcs({
  buckets: [{ name: "open", publicRead: true }],
});
after(() => server.close());

const env = { STORAGE_EMULATOR_HOST: server.url };
const client = await openGcs("gs://open/", { env, clock: quickClock() });
after(() => client.close());
const packed = gzipSync(Buffer.alloc(50_000, "weights "));

test("digests are those of the service; an object composed of others has no MD5", async () => {
  await server.putObject("open", "whole", "hello");
  await server.putObject("open", "composed", "hello", { composite: true });
  const whole = await client.stat(parseUri("gs://open/whole"));
  const crc32c = { kind: "full", algorithm: "crc32c", value: "9a71bb4c", confidence: "stated" };
  const md5 = { kind: "full", algorithm: "md5", value: "5d41402abc4b2a76b9719d911017c592", confidence: "stated" };
  assert.deepEqual(whole.digests, [md5, crc32c]);
  assert.deepEqual((await client.stat(parseUri("gs://open/composed"))).digests, [crc32c]);
  const listed = (await collect(client.list(parseUri("gs://open/whole"))))[0];
  assert.deepEqual(listed, whole);
  assert.equal(whole.digestsFinal, true);
});

test("a compressed object is read as it is stored, also where nothing was listed before", async () => {
  await server.putObject("open", "packed", packed, { contentEncoding: "gzip" });
  const uri = parseUri("gs://open/packed");
  assert.ok(packed.equals(await readRange(client, uri)));
  const part = await readRange(client, uri, { offset: 10, length: 20 });
  assert.ok(packed.subarray(10, 30).equals(part));
  const fresh = await openGcs("gs://open/", { parameters: { endpoint: server.url, auth: "anonymous" } });
  try {
    const source = await fresh.locate(uri);
    assert.ok(packed.subarray(5, 9).equals(await readSource(source, { offset: 5, length: 4 })));
    const { version } = await client.stat(uri);
    const unseen = await openGcs("gs://open/", { parameters: { endpoint: server.url, auth: "anonymous" } });
    const unpacked = await unseen.locate(uri, { pin: { size: packed.length, version } });
    await expectError(() => readSource(unpacked, { offset: 0, length: 4 }), "precondition_failed");
    await unseen.close();
  } finally {
    await fresh.close();
  }
});

test("a read is pinned to its generation", async () => {
  const source = await client.locate(parseUri("gs://open/whole"), { pin: { size: 5, version: "1" } });
  assert.ok(source.kind === "http");
  assert.equal(source.url, `${server.url}/storage/v1/b/open/o/whole?alt=media&generation=1`);
  assert.deepEqual([source.expiresAt, source.dropHeadersOnRedirect], [Number.POSITIVE_INFINITY, true]);
  assert.equal(source.expectHeaders?.["x-goog-generation"], "1");
});
