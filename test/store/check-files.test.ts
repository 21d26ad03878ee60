import assert from "node:assert/strict";
import { copyFile, mkdir, open, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkFiles } from "../../src/store/check-files.ts";
import { verifyFile } from "../../src/store/verify-file.ts";
import { crc32Checksum, recordedFile } from "../support/file-records.ts";
import { recordingFileSystem } from "../support/recording-file-system.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const unit = 2 * 1024 * 1024 + 4096;
const content = Buffer.alloc(3 * unit + 1000, "model weights ");

async function flip(path: string, at: number): Promise<void> {
  const handle = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}

test("untouched files are intact; changed, replaced, copied and linked ones are not; absent ones are missing", async (t) => {
  const directory = await scratchDirectory(t);
  const at = (path: string): string => join(directory, path);
  const names = ["intact", "edited", "touched", "copied", "linked", "gone", "directory"];
  const records = await Promise.all(names.map((name) => recordedFile(directory, name, Buffer.from("some bytes"))));
  records.push({ ...(await recordedFile(directory, "parent", Buffer.from(""))), path: "parent/below" });
  await writeFile(at("edited"), "same bytes");
  await utimes(at("touched"), 1, 1);
  await copyFile(at("copied"), at("copy"));
  await rename(at("copy"), at("copied"));
  await rename(at("linked"), at("original"));
  await symlink("original", at("linked"));
  for (const name of ["gone", "directory"]) await rm(at(name));
  await mkdir(at("directory"));
  assert.deepEqual(Object.fromEntries(await checkFiles(directory, records)), {
    intact: "intact",
    edited: "changed",
    touched: "changed",
    copied: "changed",
    linked: "changed",
    gone: "missing",
    directory: "changed",
    "parent/below": "missing",
  });
});

test("the fast check of ten thousand files takes far less than reading them", async (t) => {
  const directory = await scratchDirectory(t);
  const record = await recordedFile(directory, "a", Buffer.from("x"));
  const records = Array.from({ length: 10_000 }, () => record);
  const started = performance.now();
  await checkFiles(directory, records);
  assert.ok(performance.now() - started < 5_000);
  await assert.rejects(checkFiles(directory, records, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("reading proves a file that was only touched, and its record is brought up to date", async (t) => {
  const directory = await scratchDirectory(t);
  const record = await recordedFile(directory, "a", content, unit);
  await utimes(join(directory, "a"), 1, 1);
  let bytes = 0;
  const result = await verifyFile(directory, record, { checksum: crc32Checksum(), onBytes: (n) => (bytes += n) });
  assert.equal(result.state, "intact");
  assert.equal(bytes, content.length);
  assert.equal(result.record?.mtimeNs, "1000000000");
  assert.equal((await checkFiles(directory, [result.record])).get("a"), "intact");
});

test("one flipped bit condemns its unit and no other; neighbours are reported as one span", async (t) => {
  const directory = await scratchDirectory(t);
  const record = await recordedFile(directory, "a", content, unit);
  await flip(join(directory, "a"), unit - 1);
  const verify = () => verifyFile(directory, record, { checksum: crc32Checksum() });
  assert.deepEqual(await verify(), { path: "a", state: "damaged", damaged: [{ start: 0, end: unit }] });
  await flip(join(directory, "a"), unit);
  await flip(join(directory, "a"), content.length - 1);
  assert.deepEqual((await verify()).damaged, [
    { start: 0, end: 2 * unit },
    { start: 3 * unit, end: content.length },
  ]);
});

test("a truncated file and a link are damaged as a whole, an absent file is missing, an empty one is intact", async (t) => {
  const directory = await scratchDirectory(t);
  const checksum = crc32Checksum();
  const record = await recordedFile(directory, "a", content, unit);
  await truncate(join(directory, "a"), content.length - 1);
  assert.deepEqual((await verifyFile(directory, record, { checksum })).damaged, [{ start: 0, end: content.length }]);
  await symlink("a", join(directory, "link"));
  assert.equal((await verifyFile(directory, { ...record, path: "link" }, { checksum })).state, "damaged");
  assert.equal((await verifyFile(directory, { ...record, path: "none" }, { checksum })).state, "missing");
  const empty = await recordedFile(directory, "empty", Buffer.alloc(0));
  assert.equal((await verifyFile(directory, empty, { checksum })).state, "intact");
});

test("a sector that cannot be read is damage, not the end of the check", async (t) => {
  const directory = await scratchDirectory(t);
  const record = await recordedFile(directory, "a", content, unit);
  const { fileSystem } = recordingFileSystem();
  const failing = {
    ...fileSystem,
    open: async (...args: Parameters<typeof open>) => {
      const handle = await open(...args);
      const read = handle.read.bind(handle) as (...given: unknown[]) => Promise<unknown>;
      const patched = async (...given: unknown[]) => {
        const position = Number(given[3]);
        if (position >= unit && position < 2 * unit) throw Object.assign(new Error("EIO"), { code: "EIO" });
        return read(...given);
      };
      return Object.assign(handle, { read: patched });
    },
  };
  const result = await verifyFile(directory, record, { checksum: crc32Checksum(), fileSystem: failing });
  assert.deepEqual(result.damaged, [{ start: unit, end: 2 * unit }]);
});

test("verification can be cancelled and leaves the event loop free", async (t) => {
  const directory = await scratchDirectory(t);
  const record = await recordedFile(directory, "a", Buffer.alloc(64 * 1024 * 1024), 8 * 1024 * 1024);
  const cancel = new AbortController();
  const verifying = verifyFile(directory, record, {
    checksum: crc32Checksum(),
    signal: cancel.signal,
    onBytes: () => cancel.abort(),
  });
  await assert.rejects(verifying, { code: "cancelled" });
  let turns = 0;
  const ticker = setInterval(() => turns++, 1);
  await verifyFile(directory, record, { checksum: crc32Checksum() });
  clearInterval(ticker);
  assert.ok(turns >= 3, `${turns} turns of the event loop while 64 MiB were read`);
});
