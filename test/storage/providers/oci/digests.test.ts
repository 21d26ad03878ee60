import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digestsOf } from "../../../../src/storage/providers/oci/digests.ts";
import { chooseDigestPlan } from "../../../../src/transfer/digest/digest-plan.ts";

const mebibyte = 1024 * 1024;
const md5 = createHash("md5").update("x");
const hex = md5.copy().digest("hex");
const base64 = md5.copy().digest("base64");
const sha256 = createHash("sha256").update("x").digest("base64");

test("an object that came in one piece has the MD5 of the whole", () => {
  assert.deepEqual(digestsOf({ size: 1, md5: base64 }), [
    { kind: "full", algorithm: "md5", value: hex, confidence: "stated" },
  ]);
});

test("parts give a composite MD5, whose part size is guessed from what uploaders use", () => {
  const partSizeOf = (size: number, count: number): number | undefined => {
    const { check } = chooseDigestPlan(digestsOf({ size, multipartMd5: `${base64}-${count}` }), size);
    assert.ok(check.by === "composite" && check.assumed, "a guess");
    return check.parts[0]?.end;
  };
  // The command line's and the SDKs' 128 MiB, also where other sizes would fit.
  assert.equal(partSizeOf(4_976_698_672, 38), 128 * mebibyte);
  assert.equal(partSizeOf(200 * mebibyte, 2), 128 * mebibyte);
  assert.equal(partSizeOf(4_976_698_672, 238), 20 * mebibyte);
  assert.equal(partSizeOf(4_976_698_672, 475), 10 * mebibyte);
  assert.equal(partSizeOf(4_976_698_672, 95), 50 * mebibyte);
  assert.equal(partSizeOf(4_976_698_672, 50), 100_000_000, "of those who count in powers of ten");
  assert.equal(partSizeOf(4_976_698_672, 45), 106 * mebibyte, "no usual size: the smallest whole number of MiB");
});

test("one part is the whole object", () => {
  const [digest] = digestsOf({ size: 12_345, multipartMd5: `${base64}-1` });
  assert.deepEqual(digest, {
    kind: "composite",
    algorithm: "md5",
    value: hex,
    confidence: "stated",
    partCount: 1,
    partSize: 12_345,
  });
});

test("a listing's MD5 may be composite, too", () => {
  const [digest] = digestsOf({ size: 30 * mebibyte, md5: `${base64}-3` });
  assert.deepEqual([digest?.kind, digest?.kind === "composite" && digest.partCount], ["composite", 3]);
});

test("checksums of the whole stand above those of parts, and the service's above the uploader's", () => {
  const digests = digestsOf({
    size: 256 * mebibyte,
    multipartMd5: `${base64}-2`,
    crc32c: "AAAAAA==",
    sha256,
    metadata: { "opc-meta-md5": base64 },
  });
  assert.deepEqual(
    digests.map(({ kind, algorithm, confidence }) => `${kind} ${algorithm} ${confidence}`),
    ["full sha256 stated", "full crc32c stated", "composite md5 stated", "full md5 inferred"],
  );
  const { check } = chooseDigestPlan(digests, 256 * mebibyte);
  assert.equal(check.by, "crc", "the one that costs least and needs no guess");
});

test("the uploader's MD5 is read as OME, rclone and md5sum write it, and not beside the service's own", () => {
  for (const metadata of [
    { "opc-meta-md5": base64 },
    { "opc-meta-md5chksum": base64 },
    { "opc-meta-md5": hex.toUpperCase() },
  ]) {
    const digests = digestsOf({ size: 20 * mebibyte, multipartMd5: `${base64}-2`, metadata });
    assert.deepEqual(digests.at(-1), { kind: "full", algorithm: "md5", value: hex, confidence: "inferred" });
  }
  assert.equal(digestsOf({ size: 1, md5: base64, metadata: { "opc-meta-md5": base64 } }).length, 1);
});

test("what is no digest is left out", () => {
  for (const text of ["", "abc", `${base64}-`, `${base64}-x`, sha256, `${base64}-0`, hex]) {
    assert.deepEqual(digestsOf({ size: 1, md5: text, multipartMd5: text }), [], text);
  }
  assert.deepEqual(digestsOf({ size: 1, metadata: { "opc-meta-md5": "unknown" } }), []);
});
