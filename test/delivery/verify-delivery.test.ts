import assert from "node:assert/strict";
import { chmod, open, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import { type VerifyProgress, verifyDelivery } from "../../src/delivery/verify-delivery.ts";
import { acquireLease } from "../../src/store/lease.ts";
import { readProof } from "../../src/store/proof.ts";
import { memorySource } from "../support/memory-source.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const mebibyte = 1024 * 1024;
const source = memorySource({
  "m/a.bin": Buffer.alloc(17 * mebibyte, "aaaa "),
  "m/b.bin": Buffer.alloc(3 * mebibyte, "bbbb "),
  "m/sub/c.txt": "c",
});
const bytes = 20 * mebibyte + 1;

async function deliveredModel(t: TestContext) {
  const destination = await scratchDirectory(t);
  const pull = () => deliver({ source: { client: source.client, uri: source.uri }, destination });
  await pull();
  return { destination, pull };
}

/** Flips one bit and puts the time back, as a failing disk does. */
async function rot(path: string, at: number): Promise<void> {
  await chmod(path, 0o644);
  const handle = await open(path, "r+");
  const { mtime, atime } = await handle.stat();
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0x40;
  await handle.write(byte, 0, 1, at);
  await handle.close();
  await utimes(path, atime, mtime);
}

test("an intact model is read whole, and its progress ends at the total", async (t) => {
  const { destination } = await deliveredModel(t);
  let last: VerifyProgress | undefined;
  const onProgress = (progress: VerifyProgress): void => {
    last = progress;
  };
  const result = await verifyDelivery({ destination, onProgress });
  assert.deepEqual([result.damaged, result.bytes], [[], bytes]);
  assert.deepEqual(last, { totalBytes: bytes, verifiedBytes: bytes, totalFiles: 3, verifiedFiles: 3 });
});

test("damage is found file by file and unit by unit, and nothing is changed by looking", async (t) => {
  const { destination } = await deliveredModel(t);
  await rot(join(destination, "a.bin"), 9 * mebibyte);
  await rm(join(destination, "sub/c.txt"));
  const { damaged } = await verifyDelivery({ destination });
  const unit = (await readProof(destination))?.files[0]?.units.unitSize ?? 0;
  const start = Math.floor((9 * mebibyte) / unit) * unit;
  assert.deepEqual(damaged, [
    { path: "a.bin", state: "damaged", damaged: [{ start, end: Math.min(start + unit, 17 * mebibyte) }] },
    { path: "sub/c.txt", state: "missing", damaged: [] },
  ]);
  assert.ok(await readProof(destination));
});

test("a repair makes the next delivery fetch the damaged files and nothing else", async (t) => {
  const { destination, pull } = await deliveredModel(t);
  await rot(join(destination, "b.bin"), 5);
  const lease = await acquireLease({ directory: destination, purpose: "download" });
  await assert.rejects(verifyDelivery({ destination, repair: true }), { code: "unavailable" });
  await lease.release();
  assert.equal((await verifyDelivery({ destination, repair: true })).damaged.length, 1);
  assert.equal(await readProof(destination), undefined);
  const result = await pull();
  assert.deepEqual([result.fetchedBytes, result.reusedBytes], [3 * mebibyte, 17 * mebibyte + 1]);
  assert.deepEqual((await verifyDelivery({ destination, repair: true })).damaged, []);
  assert.ok(await readProof(destination));
});

test("without a proof there is nothing to verify, and verifying can be cancelled", async (t) => {
  const { destination } = await deliveredModel(t);
  const nothing = join(destination, "sub");
  for (const repair of [true, false]) {
    await assert.rejects(verifyDelivery({ destination: nothing, repair }), { code: "not_found" });
    await assert.rejects(verifyDelivery({ destination: "relative", repair }), { code: "not_found" });
  }
  const cancel = new AbortController();
  const onProgress = (): void => cancel.abort();
  await assert.rejects(verifyDelivery({ destination, signal: cancel.signal, onProgress }), { code: "cancelled" });
});
