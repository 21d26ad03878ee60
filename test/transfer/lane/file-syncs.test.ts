import assert from "node:assert/strict";
import { closeSync, constants, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FileSyncs } from "../../../src/transfer/lane/file-syncs.ts";
import type { LaneEvent } from "../../../src/transfer/lane/lane-messages.ts";
import { eventually } from "../../support/cluster-house.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const { O_CREAT, O_RDWR } = constants;

async function place(t: TestContext, limit = 2) {
  const directory = await scratchDirectory(t);
  const events: Extract<LaneEvent, { type: "synced" | "unsynced" }>[] = [];
  const syncs = new FileSyncs(0o444, limit, (event) => events.push(event));
  const make = (name: string, mode = 0o444): { readonly path: string; readonly fd: number; readonly size: number } => {
    const path = join(directory, name);
    const fd = openSync(path, O_CREAT | O_RDWR, mode);
    writeSync(fd, name);
    return { path, fd, size: name.length };
  };
  return { syncs, events, make };
}

test("a file that is durable is told with what recognises it, its mode and its first bytes", async (t) => {
  const { syncs, events, make } = await place(t);
  const { path, fd } = make("weights", 0o600);
  syncs.add(path, fd, 7, "wei");
  await eventually(
    () => events.length,
    (count) => count === 1,
    "the file is synced",
  );
  const { mode, mtimeNs, ino } = statSync(path, { bigint: true });
  assert.equal(mode & 0o777n, 0o444n);
  assert.deepEqual(events, [{ type: "synced", path, mtimeNs: String(mtimeNs), inode: String(ino), head: "wei" }]);
  assert.throws(() => closeSync(fd), /EBADF/);
});

test("many files are synced a few at a time, and all of them", async (t) => {
  const { syncs, events, make } = await place(t, 2);
  const files = Array.from({ length: 40 }, (_, index) => make(`file-${index}`));
  for (const { path, fd, size } of files) syncs.add(path, fd, size, "");
  await eventually(
    () => events.length,
    (count) => count === files.length,
    "all files are synced",
  );
  assert.deepEqual(new Set(events.map(({ path }) => path)), new Set(files.map(({ path }) => path)));
  assert.ok(events.every(({ type }) => type === "synced"));
});

test("a sync that fails is told with the disk's error", async (t) => {
  const { syncs, events, make } = await place(t, 1);
  const first = make("first");
  const second = make("second");
  syncs.add(first.path, first.fd, first.size, "");
  syncs.add(second.path, second.fd, second.size, "");
  // Closed behind its back while it waits: its sync fails with EBADF, as that of a broken disk fails with EIO.
  closeSync(second.fd);
  await eventually(
    () => events.length,
    (count) => count === 2,
    "both are settled",
  );
  const failed = events.find(({ path }) => path === second.path);
  assert.equal(failed?.type, "unsynced");
  assert.equal(failed.failure.kind, "disk");
  assert.match(failed.failure.error?.detail ?? "", /EBADF/);
});

test("a file of another size than its object is no whole file", async (t) => {
  const { syncs, events, make } = await place(t);
  const { path, fd, size } = make("weights");
  assert.throws(() => syncs.add(path, fd, size + 1, ""), /it has 7 bytes instead of 8/);
  assert.throws(() => closeSync(fd), /EBADF/);
  assert.deepEqual(events, []);
});

test("what was not begun is closed when the lane ends", async (t) => {
  const { syncs, events, make } = await place(t, 1);
  const files = Array.from({ length: 5 }, (_, index) => make(`file-${index}`));
  for (const { path, fd, size } of files) syncs.add(path, fd, size, "");
  syncs.close();
  await eventually(
    () => events.length,
    (count) => count === 1,
    "the sync that was under way ends",
  );
  for (const { fd } of files.slice(1)) assert.throws(() => closeSync(fd), /EBADF/);
});
