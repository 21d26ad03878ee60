import assert from "node:assert/strict";
import { test } from "node:test";
import { SyncLedger } from "../../../src/transfer/engine/sync-ledger.ts";

const synced = { type: "synced", path: "/staging/a", mtimeNs: "1", inode: "2", head: "x" } as const;

test("it does not matter whether the lane or the publisher comes first", async () => {
  const ledger = new SyncLedger();
  ledger.settle(synced);
  assert.deepEqual(await ledger.synced("/staging/a"), { mtimeNs: "1", inode: "2", head: "x" });
  const later = ledger.synced("/staging/a");
  ledger.settle(synced);
  assert.equal((await later).inode, "2");
});

test("a disk that failed is the publisher's error", async () => {
  const ledger = new SyncLedger();
  const error = {
    code: "internal",
    operation: "write",
    target: "/staging/a",
    detail: "the disk failed (EIO)",
    hint: "x",
  } as const;
  ledger.settle({ type: "unsynced", path: "/staging/a", failure: { kind: "disk", detail: "the disk failed", error } });
  await assert.rejects(ledger.synced("/staging/a"), { code: "internal", detail: "the disk failed (EIO)" });
});

test("nobody waits for lanes that have ended", async () => {
  const ledger = new SyncLedger();
  const waiting = ledger.synced("/staging/a");
  ledger.close();
  await assert.rejects(waiting, { code: "cancelled" });
  await assert.rejects(ledger.synced("/staging/b"), { code: "cancelled" });
});
