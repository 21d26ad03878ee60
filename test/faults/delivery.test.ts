import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { chmod, mkdir, readdir, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import { deliver } from "../../src/delivery/deliver.ts";
import type { DeliveryResult } from "../../src/delivery/delivery-types.ts";
import { verifyDelivery } from "../../src/delivery/verify-delivery.ts";
import { readProof } from "../../src/store/proof.ts";
import {
  bytesContent,
  type FaultServer,
  generatedContent,
  generatedModel,
  generatedShard,
  joinedContent,
  startFaultServer,
} from "../../src/testing/index.ts";
import { assertFile } from "./support/assert-file.ts";
import { type ModelContents, modelBytesServed, modelSize, serveModel } from "./support/http-model.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { commitUnit, mebibyte } from "./support/units.ts";

const model = generatedModel({ seed: 1, shards: 4, shardSize: 5 * mebibyte + 2 });
const firstShard = "model-00001-of-00004.safetensors";

function pull(storageUri: string, destination: string, more: { signal?: AbortSignal; wait?: boolean } = {}) {
  return deliver({ source: { storageUri, env: {} }, destination, ...more });
}

function assertDelivered(destination: string, contents: ModelContents): void {
  for (const [path, content] of Object.entries(contents)) assertFile(join(destination, path), content);
}

/** Everything below the destination that is not ours to keep: staged files, temporary names. */
async function leftovers(destination: string, contents: ModelContents): Promise<readonly string[]> {
  const found = await readdir(destination, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  const expected = new Set(
    [...Object.keys(contents), ".model-agent/proof.json"].map((path) => join(destination, path)),
  );
  return files.filter((path) => !expected.has(path));
}

/** Delivers until so many bytes of the model were sent, then cancels. */
async function interrupted(server: FaultServer, uri: string, destination: string, bytes: number): Promise<void> {
  const controller = new AbortController();
  const running = pull(uri, destination, { signal: controller.signal });
  const failed = rejectsWith(running, "cancelled");
  await server.waitForBytes(server.bytesServed() + bytes);
  controller.abort();
  await failed;
}

describe("what must not count as a model", { concurrency: 2, timeout: 120_000 }, () => {
  test("[F18] an empty prefix is an error and leaves nothing behind", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const uri = serveModel(server, "/model/", {});
    await rejectsWith(pull(uri, join(root.path, "model")), "not_found");
    assert.equal(existsSync(join(root.path, "model")), false);
  });

  test("[F22] pointers of Git LFS in the place of weights are named", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"ab".repeat(32)}\nsize 4976698672\n`;
    const uri = serveModel(server, "/model/", { ...model, [firstShard]: bytesContent(pointer) });
    const error = await rejectsWith(pull(uri, root.path), "incomplete_model");
    assert.match(error.message, /model-00001-of-00004\.safetensors is a Git LFS pointer to a file of 4976698672 bytes/);
    assert.equal(await readProof(root.path), undefined);
  });

  test("[F23] a shard that was damaged before its upload passes its digest and not the structure check", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const whole = generatedShard({ seed: 9, tensors: ["a", "b"], size: 2 * mebibyte });
    const cut = joinedContent([{ size: whole.size - 1000, read: (offset, target) => whole.read(offset, target) }]);
    const uri = serveModel(server, "/model/", { ...model, [firstShard]: cut });
    const error = await rejectsWith(pull(uri, root.path), "incomplete_model");
    assert.match(error.message, /model-00001-of-00004\.safetensors/);
    assert.match(error.message, /upstream/);
    assert.equal(await readProof(root.path), undefined);
  });

  test("[F17] an index that names a shard which the listing does not have", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const { [firstShard]: _, ...rest } = model;
    const error = await rejectsWith(pull(serveModel(server, "/model/", rest), root.path), "incomplete_model");
    assert.match(error.message, /model-00001-of-00004\.safetensors is missing/);
  });

  test("[F42] a copy that is too short is refused with the offsets that do not fit", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const source = join(root.path, "backup");
    await pull(serveModel(server, "/model/", model), source);
    await rm(join(source, ".model-agent"), { recursive: true });
    await chmod(join(source, firstShard), 0o644);
    await truncate(join(source, firstShard), 3_000_000);
    const error = await rejectsWith(pull(`local://${source}`, join(root.path, "copy")), "incomplete_model");
    assert.match(error.message, /model-00001-of-00004\.safetensors/);
    assert.match(error.message, /\d{7}/);
    assert.equal(await readProof(join(root.path, "copy")), undefined);
  });
});

describe("deliveries that were interrupted or meddled with", { concurrency: 2, timeout: 120_000 }, () => {
  test("[F16] a model of which some files are there is not ready, and the rest is all that is fetched", async () => {
    await using server = await startFaultServer({ bandwidth: 20 * mebibyte });
    await using root = await temporaryDirectory();
    const uri = serveModel(server, "/model/", model);
    await interrupted(server, uri, root.path, 8 * mebibyte);
    assert.equal(await readProof(root.path), undefined);
    const result = await pull(uri, root.path);
    assertDelivered(root.path, model);
    assert.ok(modelBytesServed(server, "/model/", model) <= modelSize(model) + 8 * commitUnit);
    assert.ok(result.fetchedBytes < modelSize(model));
    assert.deepEqual(await leftovers(root.path, model), []);
  });

  test("[F16] delivering again what is proven fetches nothing", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const uri = serveModel(server, "/model/", model);
    await pull(uri, root.path);
    const served = modelBytesServed(server, "/model/", model);
    const again = await pull(uri, root.path);
    assert.equal(again.unchanged, true);
    assert.equal(modelBytesServed(server, "/model/", model), served);
    assert.equal(served, modelSize(model));
  });

  test("[F28] garbage of the right size and time is found by reading and repaired file by file", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const uri = serveModel(server, "/model/", model);
    await pull(uri, root.path);
    const path = join(root.path, firstShard);
    const { size, atime, mtime } = statSync(path);
    await chmod(path, 0o644);
    await writeFile(path, Buffer.alloc(size, 7));
    await utimes(path, atime, mtime);
    const { damaged } = await verifyDelivery({ destination: root.path, repair: true });
    assert.deepEqual(
      damaged.map((file) => file.path),
      [firstShard],
    );
    assert.equal(await readProof(root.path), undefined);
    const result = await pull(uri, root.path);
    assertDelivered(root.path, model);
    assert.equal(result.fetchedBytes, size);
    assert.deepEqual((await verifyDelivery({ destination: root.path })).damaged, []);
  });

  test("[F28] a file that was replaced in place is noticed by the next delivery without reading everything", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const uri = serveModel(server, "/model/", model);
    await pull(uri, root.path);
    const path = join(root.path, firstShard);
    const { size } = statSync(path);
    await rm(path);
    await writeFile(path, Buffer.alloc(size, 7));
    const result = await pull(uri, root.path);
    assert.equal(result.unchanged, false);
    assert.equal(result.fetchedBytes, size);
    assertDelivered(root.path, model);
  });

  test("[F32] a half-made tree with foreign symbolic links converges, and what they point to is left alone", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const uri = serveModel(server, "/model/", model);
    const destination = join(root.path, "model");
    const blob = join(root.path, "blob");
    await mkdir(join(destination, ".model-agent", "staging", "left-over"), { recursive: true });
    await writeFile(join(destination, ".model-agent", "staging", "left-over", "half"), "half a file");
    await writeFile(blob, "a blob of somebody else");
    await symlink(blob, join(destination, "config.json"));
    await symlink(join(root.path, "nowhere"), join(destination, firstShard));
    for (let run = 0; run < 2; run++) await pull(uri, destination);
    assertDelivered(destination, model);
    assert.equal(readFileSync(blob, "utf8"), "a blob of somebody else");
    assert.equal(existsSync(join(root.path, "nowhere")), false);
    assert.ok(lstatSync(join(destination, "config.json")).isFile());
    assert.deepEqual(await leftovers(destination, model), []);
  });

  test("[F32] a directory that is a symbolic link to elsewhere is refused and not written through", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const nested = { ...model, "sub/extra.json": bytesContent("{}") };
    const uri = serveModel(server, "/model/", nested);
    const destination = join(root.path, "model");
    await mkdir(join(root.path, "elsewhere"));
    await mkdir(destination);
    await symlink("../elsewhere", join(destination, "sub"));
    await rejectsWith(pull(uri, destination), "unsafe_path");
    assert.deepEqual(await readdir(join(root.path, "elsewhere")), []);
    assert.equal(readlinkSync(join(destination, "sub")), "../elsewhere");
  });

  test("[F33] one content under three names is fetched once", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const shared = generatedContent({ seed: 5, size: 6 * mebibyte });
    const contents = { ...model, "a.bin": shared, "b/b.bin": shared, "c.bin": shared };
    const result = await pull(serveModel(server, "/model/", contents), root.path);
    assertDelivered(root.path, contents);
    assert.equal(modelBytesServed(server, "/model/", contents), modelSize(contents) - 2 * shared.size);
    assert.equal(result.linkedBytes, 2 * shared.size);
    assert.deepEqual(await leftovers(root.path, contents), []);
  });

  test("[F36] unfinished files of an unknown version of the journal are started over, without orphans", async () => {
    await using server = await startFaultServer({ bandwidth: 60 * mebibyte });
    await using root = await temporaryDirectory();
    const large = generatedModel({ seed: 6, shards: 1, shardSize: 40 * mebibyte });
    const uri = serveModel(server, "/model/", large);
    await interrupted(server, uri, root.path, 30 * mebibyte);
    const staging = join(root.path, ".model-agent", "staging");
    const entries = await readdir(staging, { recursive: true, withFileTypes: true });
    const journals = entries.filter((entry) => entry.isFile() && /journal/.test(entry.name));
    assert.equal(journals.length, 1, entries.map((entry) => entry.name).join());
    for (const journal of journals) {
      const path = join(journal.parentPath, journal.name);
      const text = readFileSync(path, "utf8");
      const [header = "", ...rest] = text.split("\n");
      const other = header.slice(9).replace(/"version":\d+/, '"version":999');
      assert.notEqual(other, header.slice(9));
      await writeFile(path, [`${crc32(other).toString(16).padStart(8, "0")} ${other}`, ...rest].join("\n"));
    }
    const result = await pull(uri, root.path);
    assert.equal(result.resumedBytes, 0);
    assertDelivered(root.path, large);
    assert.deepEqual(await leftovers(root.path, large), []);
  });

  test("[F12] empty files are part of the model", async () => {
    await using server = await startFaultServer();
    await using root = await temporaryDirectory();
    const contents = { ...model, "__init__.py": bytesContent(""), "sub/__init__.py": bytesContent("") };
    const uri = serveModel(server, "/model/", contents);
    const result: DeliveryResult = await pull(uri, root.path);
    assertDelivered(root.path, contents);
    assert.equal(result.totals.files, Object.keys(contents).length);
    assert.equal((await pull(uri, root.path)).unchanged, true);
  });
});
