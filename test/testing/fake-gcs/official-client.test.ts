import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startFakeGcs } from "../../../src/testing/fake-gcs/index.ts";
import { openGcs } from "../../support/open-gcs.ts";
import { sdkGcsClient } from "../../support/sdk-gcs-client.ts";

const server = await startFakeGcs({
  buckets: [{ name: "models", publicRead: true }],
  tokens: [{ token: "good", email: "sdk@example.com" }],
  rewriteSize: 100_000,
  maxPageSize: 1,
});
after(() => server.close());
const bucket = sdkGcsClient(server.url, "good").bucket("models");
const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

test("the official client uploads, lists, reads ranges, copies, composes and deletes", async () => {
  await bucket.file("sdk/simple + %/ä").save(bytes, { resumable: false, validation: "crc32c" });
  // The client sends no token with what begins a resumable upload on another endpoint, unless it is asked for its address.
  const [uri] = await bucket.file("sdk/resumable").createResumableUpload();
  await bucket.file("sdk/resumable").save(bytes, { resumable: true, uri, chunkSize: 256 * 1024, validation: "md5" });
  const [files] = await bucket.getFiles({ prefix: "sdk/" });
  assert.deepEqual(
    files.map(({ name }) => name),
    ["sdk/resumable", "sdk/simple + %/ä"],
  );
  const [whole] = await bucket.file("sdk/simple + %/ä").download({ validation: "crc32c" });
  assert.ok(bytes.equals(whole));
  const [part] = await bucket.file("sdk/resumable").download({ start: 1000, end: 1999 });
  assert.ok(bytes.subarray(1000, 2000).equals(part));
  await bucket.file("sdk/resumable").copy(bucket.file("sdk/copy"));
  await bucket.combine([bucket.file("sdk/resumable"), bucket.file("sdk/copy")], bucket.file("sdk/composed"));
  const [metadata] = await bucket.file("sdk/composed").getMetadata();
  assert.equal(Number(metadata.size), 2 * bytes.length);
  assert.equal(metadata.md5Hash, undefined);
  await bucket.file("sdk/copy").delete();
  const [exists] = await bucket.file("sdk/copy").exists();
  assert.equal(exists, false);
});

test("the official client is refused with a wrong token, and by preconditions", async () => {
  const stranger = sdkGcsClient(server.url, "wrong").bucket("models");
  await assert.rejects(stranger.file("sdk/simple + %/ä").getMetadata(), { code: 401 });
  const precondition = { preconditionOpts: { ifGenerationMatch: 0 }, resumable: false };
  await assert.rejects(bucket.file("sdk/resumable").save("x", precondition), { code: 412 });
  const generation = bucket.file("sdk/resumable", { generation: 1 });
  await assert.rejects(generation.getMetadata(), { code: 404 });
});

test("the official client gets unpacked what is stored as gzip", async () => {
  await server.putObject("models", "zipped", gzipSync("hello"), { contentEncoding: "gzip" });
  const [text] = await bucket.file("zipped").download();
  assert.equal(text.toString(), "hello");
  const [raw] = await bucket.file("zipped").download({ decompress: false });
  assert.ok(gzipSync("hello").subarray(10).equals(raw.subarray(10)));
});

test("what the official client stored, ours reads, and the other way round", async () => {
  const client = await openGcs("gs://models/", { parameters: { endpoint: server.url, auth: "anonymous" } });
  try {
    const info = await client.stat({ provider: "gcs", bucket: "models", key: "sdk/composed" });
    assert.deepEqual(
      info.digests.map(({ algorithm }) => algorithm),
      ["crc32c"],
    );
  } finally {
    await client.close();
  }
});

test("the XML API reads, by bearer and for everybody", async () => {
  const url = `${server.url}/models/${encodeURIComponent("sdk/resumable")}`;
  const answer = await fetch(url, { headers: { range: "bytes=0-9" } });
  assert.equal(answer.status, 206);
  assert.equal((await answer.arrayBuffer()).byteLength, 10);
  assert.match(answer.headers.get("x-goog-hash") ?? "", /crc32c=.*md5=/);
  assert.ok(answer.headers.get("x-goog-generation"));
  assert.equal((await fetch(url, { headers: { authorization: "Bearer wrong" } })).status, 401);
});
