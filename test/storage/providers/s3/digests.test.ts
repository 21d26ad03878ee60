import assert from "node:assert/strict";
import { test } from "node:test";
import { digestsOf, parseEtag } from "../../../../src/storage/providers/s3/digests.ts";

const md5 = "9e107d9d372bb6826bd81d3542a419d6";
const crc64 = { text: "rosUhgp5mIg=", hex: "ae8b14860a799888" };
const crc32 = { text: "y/Q5Jg==", hex: "cbf43926" };
const sha256 = { text: `${"A".repeat(42)}A=`, hex: "00".repeat(32) };

test("checksums of the whole object come first, as hexadecimal, strongest first; the etag is only inferred", () => {
  const digests = digestsOf({
    size: 9,
    etag: `"${md5}"`,
    checksums: { crc32: crc32.text, sha256: sha256.text, crc64nvme: crc64.text },
    checksumType: "FULL_OBJECT",
  });
  assert.deepEqual(digests, [
    { kind: "full", algorithm: "sha256", value: sha256.hex, confidence: "stated" },
    { kind: "full", algorithm: "crc64nvme", value: crc64.hex, confidence: "stated" },
    { kind: "full", algorithm: "crc32", value: crc32.hex, confidence: "stated" },
    { kind: "full", algorithm: "md5", value: md5, confidence: "inferred" },
  ]);
});

test("a composite is known by its suffix or by its type", () => {
  const parts = [8, 1].map((size) => ({ size, checksums: { crc32: crc32.text } }));
  const expected = { kind: "composite", algorithm: "crc32", value: crc32.hex, confidence: "stated", partCount: 2 };
  const suffixed = digestsOf({ size: 9, checksums: { crc32: `${crc32.text}-2` } });
  assert.deepEqual(suffixed, [expected]);
  const typed = digestsOf({ size: 9, checksums: { crc32: crc32.text }, checksumType: "COMPOSITE" }, { parts });
  assert.deepEqual(typed, [{ ...expected, parts: [8, 1].map((size) => ({ size, value: crc32.hex })) }]);
  assert.deepEqual(digestsOf({ size: 9, checksums: { crc32: crc32.text }, checksumType: "COMPOSITE" }), []);
});

test("a checksum that does not say what it covers, on an object of parts, is not believed", () => {
  const etag = `"${md5}-3"`;
  const algorithms = (evidence: Parameters<typeof digestsOf>[0]) =>
    digestsOf(evidence).map(({ kind, algorithm }) => `${kind} ${algorithm}`);
  assert.deepEqual(algorithms({ size: 9, etag, checksums: { crc32: crc32.text } }), ["composite md5"]);
  assert.deepEqual(algorithms({ size: 9, etag, checksums: { crc64nvme: crc64.text } }), [
    "full crc64nvme",
    "composite md5",
  ]);
  const typed = { size: 9, etag, checksums: { crc32: crc32.text }, checksumType: "FULL_OBJECT" };
  assert.deepEqual(algorithms(typed), ["full crc32", "composite md5"]);
});

test("an etag with a part count is an MD5 over MD5s, with the part size where it is known", () => {
  const evidence = { size: 20_000_000, etag: `"${md5}-3"` };
  const composite = { kind: "composite", algorithm: "md5", value: md5, confidence: "inferred", partCount: 3 };
  assert.deepEqual(digestsOf(evidence), [composite]);
  assert.deepEqual(digestsOf(evidence, { partSize: 8_388_608 }), [{ ...composite, partSize: 8_388_608 }]);
});

test("parts that are known to be uneven make no digest", () => {
  assert.deepEqual(digestsOf({ size: 20_000_000, etag: `"${md5}-3"` }, { partSize: 5_242_880 }), []);
  assert.deepEqual(digestsOf({ size: 9, checksums: { crc32: `${crc32.text}-3` } }, { partSize: 8 }), []);
});

test("parts whose sizes do not add up to the object's are not believed", () => {
  const parts = [{ size: 8, checksums: {} }];
  const [digest] = digestsOf({ size: 9, checksums: { crc32: `${crc32.text}-1` } }, { parts });
  assert.equal(digest?.kind === "composite" && digest.parts, undefined);
});

test("encryption makes the etag something else than an MD5", () => {
  const etag = `"${md5}"`;
  assert.equal(digestsOf({ size: 1, etag, encryption: "AES256" }).length, 1);
  assert.deepEqual(digestsOf({ size: 1, etag, encryption: "aws:kms" }), []);
  assert.deepEqual(digestsOf({ size: 1, etag, encryption: "aws:kms:dsse" }), []);
  assert.deepEqual(digestsOf({ size: 1, etag, customerKey: true }), []);
});

test("what only looks like a digest is none", () => {
  for (const etag of ['"abc"', '"0x8D4BCC2E4835CD0"', `"${md5}0"`, `"${md5}-x"`, "", undefined]) {
    assert.deepEqual(digestsOf({ size: 1, etag }), [], String(etag));
  }
  for (const text of ["", "AAAA", "not base64!", "y/Q5Jg", "y/Q5Jg==-", "y/Q5Jh=="]) {
    assert.deepEqual(digestsOf({ size: 1, checksums: { crc32: text } }), [], text);
  }
});

test("the MD5 that rclone leaves behind counts as inferred and stands before the etag", () => {
  const digests = digestsOf({ size: 1, etag: `"${md5}-2"`, md5Metadata: Buffer.from(md5, "hex").toString("base64") });
  assert.deepEqual(
    digests.map(({ kind, confidence }) => [kind, confidence]),
    [
      ["full", "inferred"],
      ["composite", "inferred"],
    ],
  );
});

test("etags are read with and without quotes, in any case", () => {
  assert.deepEqual(parseEtag(md5), { md5, partCount: undefined });
  assert.deepEqual(parseEtag(`"${md5.toUpperCase()}-17"`), { md5, partCount: 17 });
});
