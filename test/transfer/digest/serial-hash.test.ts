import assert from "node:assert/strict";
import { test } from "node:test";
import { createSerialHash, isSerial } from "../../../src/transfer/digest/serial-hash.ts";

test("git-sha1 is the object id that git gives to a blob", () => {
  assert.equal(createSerialHash("git-sha1", 0).digest("hex"), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  assert.equal(
    createSerialHash("git-sha1", 12).update("hello world\n").digest("hex"),
    "3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
  );
});

test("the other serial digests are those of the bytes alone", () => {
  assert.equal(createSerialHash("md5", 3).update("abc").digest("hex"), "900150983cd24fb0d6963f7d28e17f72");
  assert.equal(createSerialHash("sha1", 3).update("abc").digest("hex"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assert.match(createSerialHash("sha256", 3).update("abc").digest("hex"), /^ba7816bf8f01cfea4141/);
});

test("CRCs are no serial digests", () => {
  assert.deepEqual((["crc32", "crc32c", "crc64nvme", "md5", "sha1", "sha256", "git-sha1"] as const).filter(isSerial), [
    "md5",
    "sha1",
    "sha256",
    "git-sha1",
  ]);
});
