import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { headerDigests } from "../../../../src/storage/providers/http/header-digests.ts";
import { computeDigest } from "../../../../src/testing/conformance/index.ts";

const bytes = Buffer.from("123456789");
const base64 = async (algorithm: Parameters<typeof computeDigest>[0]) =>
  Buffer.from(await computeDigest(algorithm, bytes), "hex").toString("base64");
const sha256 = createHash("sha256").update(bytes).digest();
const md5 = createHash("md5").update(bytes).digest();

function texts(headers: Record<string, string>, partial = false): string[] {
  return headerDigests(headers, partial).map((digest) => {
    const parts = digest.kind === "composite" ? `-${digest.partCount}` : "";
    return `${digest.algorithm}${parts}=${digest.value}`;
  });
}

test("reads the published check values", async () => {
  assert.equal(await computeDigest("crc32", bytes), "cbf43926");
  assert.equal(await computeDigest("crc32c", bytes), "e3069283");
  assert.equal(await computeDigest("crc64nvme", bytes), "ae8b14860a799888");
  assert.equal(
    await computeDigest("git-sha1", Buffer.from("test content\n")),
    "d670460b4b4aece5915caf5c68d12f560a9fe3e4",
  );
});

test("reads every field that states a digest of the whole object", async () => {
  const sha = `sha256=${sha256.toString("hex")}`;
  const wrapped = sha256.toString("base64");
  assert.deepEqual(texts({ "repr-digest": `sha-256=:${wrapped}:` }), [sha]);
  assert.deepEqual(texts({ "repr-digest": `sha-512=:AAAA:, sha-256=:${wrapped}:;x=1` }), [sha]);
  assert.deepEqual(texts({ "content-digest": `sha-256=:${wrapped}:` }), [sha]);
  assert.deepEqual(texts({ digest: `SHA-256=${wrapped},MD5=${md5.toString("base64")}` }), [
    sha,
    `md5=${md5.toString("hex")}`,
  ]);
  assert.deepEqual(texts({ "content-md5": md5.toString("base64") }), [`md5=${md5.toString("hex")}`]);
  assert.deepEqual(texts({ "x-goog-hash": `crc32c=${await base64("crc32c")}, md5=${md5.toString("base64")}` }), [
    `md5=${md5.toString("hex")}`,
    "crc32c=e3069283",
  ]);
  assert.deepEqual(texts({ "x-amz-checksum-crc64nvme": await base64("crc64nvme") }), ["crc64nvme=ae8b14860a799888"]);
  assert.deepEqual(texts({ "x-amz-checksum-crc32": "AAAAAA==-17" }), ["crc32-17=00000000"]);
});

test("takes from an answer to a range only what speaks of the whole", () => {
  const wrapped = sha256.toString("base64");
  const ofThePart = {
    "content-md5": md5.toString("base64"),
    "content-digest": `sha-256=:${wrapped}:`,
    "x-amz-checksum-sha256": wrapped,
  };
  assert.deepEqual(texts(ofThePart, true), []);
  assert.equal(texts({ "repr-digest": `sha-256=:${wrapped}:` }, true).length, 1);
});

test("leaves out what is no digest", () => {
  const broken = [
    { "content-md5": "not base64!" },
    { "content-md5": "AAAA" },
    { "repr-digest": "sha-256=:AAAA:" },
    { "repr-digest": "sha-256=AAAA" },
    { digest: "sha-256" },
    { "x-amz-checksum-crc32": "AAAAAAAA" },
    { "x-amz-checksum-sha256": sha256.toString("base64"), "x-amz-checksum-type": "COMPOSITE" },
    { "x-goog-hash": "" },
    {},
  ];
  for (const headers of broken) assert.deepEqual(headerDigests(headers, false), [], JSON.stringify(headers));
});
