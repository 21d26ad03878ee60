import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { StorageError } from "../../../src/errors.ts";
import { WriteBehind } from "../../../src/transfer/engine/write-behind.ts";
import { eventually } from "../../support/cluster-house.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

async function place(t: TestContext) {
  const directory = await scratchDirectory(t);
  const failures: StorageError[] = [];
  const writeBehind = new WriteBehind(100, (error) => failures.push(error));
  const open = (name: string) => {
    const stagedPath = join(directory, name);
    const fd = openSync(stagedPath, "w+");
    writeSync(fd, Buffer.alloc(1 << 20, 1));
    return { fd, stagedPath };
  };
  return { writeBehind, failures, open };
}

test("a file is synced when enough of it was written, and can be closed once it is released", async (t) => {
  const { writeBehind, failures, open } = await place(t);
  const file = open("large");
  writeBehind.wrote(file, 60);
  writeBehind.wrote(file, 60);
  writeBehind.wrote(file, 500);
  await writeBehind.release(file);
  closeSync(file.fd);
  await writeBehind.release(file);
  assert.deepEqual(failures, []);
});

test("a sync that fails is told: the file's next sync would not fail again", async (t) => {
  const { writeBehind, failures, open } = await place(t);
  const file = open("large");
  closeSync(file.fd);
  writeBehind.wrote(file, 100);
  await eventually(
    () => failures.length,
    (count) => count === 1,
    "the failure is told",
  );
  assert.match(failures[0]?.detail ?? "", /EBADF/);
  assert.equal(failures[0]?.target, file.stagedPath);
});

test("less than the threshold, and files that lanes have open themselves, are left alone", async (t) => {
  const { writeBehind, failures, open } = await place(t);
  const file = open("large");
  closeSync(file.fd);
  writeBehind.wrote(file, 99);
  writeBehind.wrote({ fd: undefined, stagedPath: file.stagedPath }, 1000);
  await sleep(50);
  assert.deepEqual(failures, []);
});
