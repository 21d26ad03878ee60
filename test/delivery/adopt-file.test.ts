import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { adoptFile } from "../../src/delivery/adopt-file.ts";
import type { PlannedFile } from "../../src/delivery/planned-file.ts";
import type { Digest } from "../../src/storage/digest.ts";
import { checkFiles } from "../../src/store/check-files.ts";
import { nodeFileSystem as fileSystem } from "../../src/store/file-system.ts";
import { verifyFile } from "../../src/store/verify-file.ts";
import { loadCrc } from "../../src/transfer/digest/crc.ts";
import { memorySource } from "../support/memory-source.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const mebibyte = 1024 * 1024;
const content = Buffer.alloc(19 * mebibyte + 77, "the weights of a model ");

function hash(algorithm: "md5" | "sha256" | "sha1", bytes: Uint8Array = content): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

function stated(algorithm: Digest["algorithm"], value: string): Digest {
  return { kind: "full", algorithm, value, confidence: "stated" };
}

function planned(digests: readonly Digest[], size = content.length): PlannedFile {
  const uri = { provider: "memory", bucket: "b", key: "a" } as const;
  const info = { uri, key: "a", size, etag: '"1"', digests, digestsFinal: true, directoryMarker: false };
  return { path: "a", size, info, priority: 0 };
}

const gitSha1 = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
const full: readonly Digest[] = [
  stated("crc32", crc32(content).toString(16).padStart(8, "0")),
  stated("md5", hash("md5")),
  stated("sha1", hash("sha1")),
  stated("sha256", hash("sha256")),
  stated("git-sha1", gitSha1),
];

/** The digest of a multipart upload with irregular parts, as `memory://` computes it. */
function composite(partSize: number): Digest {
  const { store } = memorySource({}, { digests: ["md5"] });
  const digest = store.set("b", "a", content, { partSize }).digests[0];
  assert.ok(digest?.kind === "composite");
  return digest;
}

for (const digest of [...full, composite(8 * mebibyte), composite(5 * mebibyte + 1000)]) {
  test(`a file that the ${digest.kind} ${digest.algorithm} proves is adopted: recorded, read-only, unit by unit`, async (t) => {
    const destination = await scratchDirectory(t);
    await writeFile(join(destination, "a"), content);
    let bytes = 0;
    const record = await adoptFile(destination, planned([digest]), { fileSystem, onBytes: (n) => (bytes += n) });
    assert.ok(record);
    assert.equal(bytes, content.length);
    assert.deepEqual(record.verification, {
      by: "source",
      algorithm: digest.algorithm,
      kind: digest.kind,
      value: digest.value,
    });
    assert.equal((await stat(join(destination, "a"))).mode & 0o777, 0o444);
    assert.equal((await checkFiles(destination, [record])).get("a"), "intact");
    const checksum = (await loadCrc(record.units.algorithm))();
    assert.equal((await verifyFile(destination, record, { checksum })).state, "intact");
    assert.equal(record.origin.etag, '"1"');
  });

  test(`one wrong bit under the ${digest.kind} ${digest.algorithm} is not adopted`, async (t) => {
    const destination = await scratchDirectory(t);
    const wrong = Buffer.from(content);
    wrong[12 * mebibyte] = (wrong[12 * mebibyte] ?? 0) ^ 1;
    await writeFile(join(destination, "a"), wrong);
    assert.equal(await adoptFile(destination, planned([digest]), { fileSystem }), undefined);
    assert.equal((await stat(join(destination, "a"))).mode & 0o200, 0o200, "a foreign file is left as it is");
  });
}

test("without a digest the size is what there is, and it is said so", async (t) => {
  const destination = await scratchDirectory(t);
  await writeFile(join(destination, "a"), content);
  const record = await adoptFile(destination, planned([]), { fileSystem });
  assert.deepEqual(record?.verification, { by: "size" });
});

test("empty files are adopted by any digest", async (t) => {
  const destination = await scratchDirectory(t);
  await writeFile(join(destination, "a"), "");
  const digest = stated("sha256", hash("sha256", new Uint8Array()));
  assert.equal((await adoptFile(destination, planned([digest], 0), { fileSystem }))?.size, 0);
});

test("absent, linked and differently sized files are not adopted", async (t) => {
  const destination = await scratchDirectory(t);
  assert.equal(await adoptFile(destination, planned(full), { fileSystem }), undefined);
  await writeFile(join(destination, "b"), content);
  await symlink("b", join(destination, "a"));
  assert.equal(await adoptFile(destination, planned(full), { fileSystem }), undefined);
  const shorter = { ...planned(full, 5), path: "b" };
  assert.equal(await adoptFile(destination, shorter, { fileSystem }), undefined);
});

test("adopting can be cancelled", async (t) => {
  const destination = await scratchDirectory(t);
  await writeFile(join(destination, "a"), content);
  const cancel = new AbortController();
  const onBytes = (): void => cancel.abort();
  const adopting = adoptFile(destination, planned(full), { fileSystem, signal: cancel.signal, onBytes });
  await assert.rejects(adopting, { code: "cancelled" });
});
