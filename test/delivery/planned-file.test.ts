import assert from "node:assert/strict";
import { test } from "node:test";
import { contentKey } from "../../src/delivery/content-key.ts";
import { isSameContent, originOf, type PlannedFile } from "../../src/delivery/planned-file.ts";
import { divideByContent } from "../../src/delivery/share-content.ts";
import type { Digest } from "../../src/storage/digest.ts";
import type { ObjectInfo } from "../../src/storage/storage.ts";
import type { FileRecord } from "../../src/store/file-record.ts";

function planned(changes: Partial<ObjectInfo> & { readonly path?: string } = {}): PlannedFile {
  const { path = "a", ...info } = changes;
  const uri = { provider: "memory", bucket: "b", key: `m/${path}` } as const;
  const described = {
    uri,
    key: uri.key,
    size: 100_000,
    digests: [],
    digestsFinal: true,
    directoryMarker: false,
    ...info,
  };
  return { path, size: described.size, info: described, priority: 0 };
}

function recorded(file: PlannedFile, changes: Partial<FileRecord> = {}): FileRecord {
  return {
    path: file.path,
    size: file.size,
    mtimeNs: "1",
    inode: "1",
    origin: originOf(file),
    verification: { by: "size" },
    units: { algorithm: "crc32", unitSize: 1024 * 1024, values: "01234567" },
    checksum: "01234567",
    digests: {},
    ...changes,
  };
}

function full(algorithm: Digest["algorithm"], value: string, confidence: Digest["confidence"] = "stated"): Digest {
  return { kind: "full", algorithm, value, confidence };
}

test("the same version of the same object is the same content", () => {
  for (const version of [
    { version: "7" },
    { etag: '"e"' },
    { lastModified: new Date(0) },
    { version: "7", etag: '"e"' },
  ]) {
    assert.ok(isSameContent(planned(version), recorded(planned(version))));
  }
  assert.ok(!isSameContent(planned(), recorded(planned())), "a source that names no version proves nothing");
});

test("another version, etag, time, size or object is other content", () => {
  const record = recorded(planned({ version: "7", etag: '"e"', lastModified: new Date(0) }));
  assert.ok(!isSameContent(planned({ version: "8", etag: '"e"', lastModified: new Date(0) }), record));
  assert.ok(!isSameContent(planned({ version: "7", size: 100_001 }), record));
  assert.ok(!isSameContent(planned({ etag: '"f"' }), recorded(planned({ etag: '"e"' }))));
  const times = [planned({ lastModified: new Date(1) }), recorded(planned({ lastModified: new Date(0) }))] as const;
  assert.ok(!isSameContent(...times));
  const elsewhere = { provider: "memory", bucket: "c", key: "m/a" } as const;
  assert.ok(!isSameContent(planned({ etag: '"e"', uri: elsewhere }), recorded(planned({ etag: '"e"' }))));
});

test("a digest that the source states and that was computed here is the same content, wherever it lies", () => {
  const moved = planned({ etag: '"new"', digests: [full("sha256", "ab")] });
  assert.ok(isSameContent(moved, recorded(planned({ etag: '"old"' }), { digests: { sha256: "ab" } })));
  assert.ok(!isSameContent(moved, recorded(planned({ etag: '"old"' }), { digests: { sha256: "ac" } })));
  const guessed = planned({ etag: '"new"', digests: [full("sha256", "ab", "inferred")] });
  assert.ok(!isSameContent(guessed, recorded(planned({ etag: '"old"' }), { digests: { sha256: "ab" } })));
  const crc = planned({ etag: '"new"', digests: [full("crc32", "01234567")] });
  assert.ok(isSameContent(crc, recorded(planned({ etag: '"old"' }))));
  const verification = { by: "source", algorithm: "md5", kind: "composite", value: "cd" } as const;
  const composite = { kind: "composite", algorithm: "md5", value: "cd", confidence: "stated", partCount: 2 } as const;
  const old = recorded(planned({ etag: '"old"' }), { verification });
  assert.ok(isSameContent(planned({ etag: '"new"', digests: [composite] }), old));
  assert.ok(!isSameContent(planned({ etag: '"new"', digests: [full("md5", "cd")] }), old));
});

test("contents are shared by cryptographic digest and size, and only where it pays", () => {
  const md5 = full("md5", "ab", "inferred");
  assert.equal(contentKey(planned({ digests: [full("crc32", "ab")] })), undefined);
  assert.equal(contentKey(planned({ digests: [md5], size: 1000 })), undefined);
  assert.equal(contentKey(planned({ digests: [full("crc32", "1"), md5] })), contentKey(planned({ digests: [md5] })));
  assert.notEqual(contentKey(planned({ digests: [md5] })), contentKey(planned({ digests: [md5], size: 100_001 })));
  const parts = (partCount: number) =>
    contentKey(
      planned({ digests: [{ kind: "composite", algorithm: "md5", value: "ab", confidence: "stated", partCount }] }),
    );
  assert.notEqual(parts(2), parts(3));
  assert.notEqual(parts(2), contentKey(planned({ digests: [md5] })));
});

test("each content is fetched once, and not at all when it is there under another name", () => {
  const digests = [full("sha256", "ab")];
  const [a, b, c] = [planned({ path: "a", digests }), planned({ path: "b", digests }), planned({ path: "c" })];
  assert.deepEqual(divideByContent([a, b, c], []), { fetch: [a, c], shared: [{ file: b, from: "a" }] });
  assert.deepEqual(divideByContent([b, c], [a]), { fetch: [c], shared: [{ file: b, from: "a" }] });
});
