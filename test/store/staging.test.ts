import assert from "node:assert/strict";
import { mkdir, open, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readDiskSpace } from "../../src/store/space.ts";
import { claimStaging, removeStaging, stagedBytes } from "../../src/store/staging.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

test("a writer gets what the last writer left, and older leftovers go", async (t) => {
  const destination = await scratchDirectory(t);
  await mkdir(join(destination, ".model-agent"));
  const first = await claimStaging(destination, "first");
  assert.equal(first, join(destination, ".model-agent/staging/first"));
  await writeFile(join(first, "journal"), "1");
  await mkdir(join(destination, ".model-agent/staging/ancient"));
  await utimes(join(destination, ".model-agent/staging/ancient"), 1, 1);
  const second = await claimStaging(destination, "second");
  assert.deepEqual(await readdir(second), ["journal"]);
  assert.deepEqual(await readdir(join(destination, ".model-agent/staging")), ["second"]);
  await assert.rejects(writeFile(join(first, "late"), ""), { code: "ENOENT" });
  await removeStaging(destination);
  assert.deepEqual(await readdir(join(destination, ".model-agent")), []);
});

test("staged bytes are those on disk: holes take no room", async (t) => {
  const destination = await scratchDirectory(t);
  assert.equal(await stagedBytes(destination), 0);
  await mkdir(join(destination, ".model-agent"));
  const staging = await claimStaging(destination, "w");
  const sparse = await open(join(staging, "sparse"), "w");
  await sparse.truncate(100 * 1024 * 1024);
  await sparse.write(Buffer.alloc(1024 * 1024, 1), 0, 1024 * 1024, 50 * 1024 * 1024);
  await sparse.sync();
  await sparse.close();
  const bytes = await stagedBytes(destination);
  assert.ok(bytes >= 1024 * 1024 && bytes < 2 * 1024 * 1024, String(bytes));
});

test("a metadata directory that is a link elsewhere is refused", async (t) => {
  const destination = await scratchDirectory(t);
  const elsewhere = await scratchDirectory(t);
  await symlink(elsewhere, join(destination, ".model-agent"));
  await assert.rejects(claimStaging(destination, "w"), { code: "unsafe_path" });
  assert.deepEqual(await readdir(elsewhere), []);
});

test("free space is that of the nearest directory that exists", async (t) => {
  const destination = await scratchDirectory(t);
  const space = await readDiskSpace(join(destination, "not/yet/there"));
  assert.ok(space !== undefined && space.freeBytes > 0 && space.totalBytes >= space.freeBytes);
});
