import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkDelivery } from "../../src/delivery/check-delivery.ts";
import { deliver } from "../../src/delivery/deliver.ts";
import type { DeliveryRequest } from "../../src/delivery/delivery-types.ts";
import { planDelivery } from "../../src/delivery/plan-delivery.ts";
import { acquireLease } from "../../src/store/lease.ts";
import { readProof } from "../../src/store/proof.ts";
import type { DownloadProgress } from "../../src/telemetry/progress.ts";
import { type MemorySource, memorySource } from "../support/memory-source.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const model = {
  "m/config.json": '{"model_type":"test"}',
  "m/tokenizer.json": '{"version":"1"}',
  "m/sub/notes.txt": "some notes",
  "m/data.bin": Buffer.alloc(300_000, "payload "),
  "m/empty": "",
  "m-2/config.json": "{}",
};

function request(source: MemorySource, destination: string, more: Partial<DeliveryRequest> = {}): DeliveryRequest {
  return { source: { client: source.client, uri: source.uri }, destination, ...more };
}

/** The model in memory, and how often an object of it was located. */
function countingSource(): { readonly source: MemorySource; reads(): number } {
  let count = 0;
  const hook = ({ operation }: { operation: string }): void => {
    if (operation === "locate") count += 1;
  };
  return { source: memorySource(model, { hook }), reads: () => count };
}

async function tree(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => path.slice(directory.length + 1)).sort();
}

const delivered = [".model-agent/proof.json", "config.json", "data.bin", "empty", "sub/notes.txt", "tokenizer.json"];

test("a model is delivered, proven, and left as nothing but its files and its proof", async (t) => {
  const destination = join(await scratchDirectory(t), "org/model");
  const source = memorySource(model);
  const result = await deliver(request(source, destination));
  assert.deepEqual(await tree(destination), delivered);
  const bytes = 300_000 + 21 + 15 + 10;
  assert.deepEqual(result.totals, { files: 5, bytes, verifiedBySource: 5, verifiedBySize: 0 });
  assert.deepEqual([result.unchanged, result.fetchedBytes, result.reusedBytes], [false, bytes, 0]);
  assert.equal(result.uri, "memory://b/m");
  assert.equal(await readFile(join(destination, "sub/notes.txt"), "utf8"), "some notes");
  assert.equal((await stat(join(destination, "config.json"))).mode & 0o777, 0o444);
  const proof = await readProof(destination);
  assert.deepEqual(
    proof?.files.map(({ path }) => path),
    delivered.slice(1),
  );
  assert.deepEqual(proof?.totals, result.totals);
});

test("a second delivery fetches, writes and locks nothing", async (t) => {
  const destination = await scratchDirectory(t);
  const { source, reads } = countingSource();
  await deliver(request(source, destination));
  const before = await stat(join(destination, ".model-agent/proof.json"));
  const result = await deliver(request(source, destination));
  assert.deepEqual([result.unchanged, result.fetchedBytes, reads()], [true, 0, 4]);
  assert.equal((await stat(join(destination, ".model-agent/proof.json"))).ino, before.ino);
});

test("a change at the source moves that file only, removes what is gone, and renews the proof", async (t) => {
  const destination = await scratchDirectory(t);
  const source = memorySource(model);
  await deliver(request(source, destination));
  source.put("m/tokenizer.json", '{"version":"2"}');
  source.put("m/new/file", "new");
  source.remove("m/sub/notes.txt");
  const result = await deliver(request(source, destination));
  assert.deepEqual([result.fetchedBytes, result.removedFiles, result.reusedBytes], [18, 1, 300_021]);
  assert.equal(await readFile(join(destination, "tokenizer.json"), "utf8"), '{"version":"2"}');
  assert.ok(!existsSync(join(destination, "sub")));
  assert.equal((await deliver(request(source, destination))).unchanged, true);
});

test("a file becomes a directory and a directory becomes a file", async (t) => {
  const destination = await scratchDirectory(t);
  const source = memorySource({ "m/a": "file", "m/b/c": "below", "m/keep": "1" });
  await deliver(request(source, destination));
  for (const key of ["m/a", "m/b/c"]) source.remove(key);
  source.put("m/a/x", "now below");
  source.put("m/b", "now a file");
  const result = await deliver(request(source, destination));
  assert.deepEqual(await tree(destination), [".model-agent/proof.json", "a/x", "b", "keep"]);
  assert.equal(result.removedFiles, 2);
});

test("an old file that somebody changed is theirs and stays", async (t) => {
  const destination = await scratchDirectory(t);
  const source = memorySource(model);
  await deliver(request(source, destination));
  source.remove("m/sub/notes.txt");
  await chmod(join(destination, "sub/notes.txt"), 0o644);
  await writeFile(join(destination, "sub/notes.txt"), "my notes");
  assert.equal((await deliver(request(source, destination))).removedFiles, 0);
  assert.equal(await readFile(join(destination, "sub/notes.txt"), "utf8"), "my notes");
});

test("a touched file is read and kept, a changed one is fetched", async (t) => {
  const destination = await scratchDirectory(t);
  const source = memorySource(model);
  await deliver(request(source, destination));
  await utimes(join(destination, "data.bin"), 1, 1);
  const touched = await deliver(request(source, destination));
  assert.deepEqual([touched.unchanged, touched.fetchedBytes], [false, 0]);
  await chmod(join(destination, "data.bin"), 0o644);
  await writeFile(join(destination, "data.bin"), Buffer.alloc(300_000, "garbage "));
  assert.equal((await deliver(request(source, destination))).fetchedBytes, 300_000);
  assert.equal((await deliver(request(source, destination))).unchanged, true);
});

test("a directory that another tool downloaded is adopted without a transfer", async (t) => {
  const destination = await scratchDirectory(t);
  const source = memorySource(model);
  for (const [key, content] of Object.entries(model)) {
    const path = join(destination, key.replace(/^m\//, ""));
    await mkdir(join(path, ".."), { recursive: true });
    if (key.startsWith("m/")) await writeFile(path, content);
  }
  await writeFile(join(destination, "tokenizer.json"), '{"version":"0"}');
  const result = await deliver(request(source, destination));
  assert.deepEqual([result.fetchedBytes, result.reusedBytes], [15, 300_031]);
  assert.deepEqual(result.totals.verifiedBySource, 5);
  assert.equal((await deliver(request(source, destination))).unchanged, true);
});

test("without digests a right size is not enough, unless it is said to be", async (t) => {
  const source = memorySource(model, { digests: [] });
  const place = async (): Promise<string> => {
    const destination = await scratchDirectory(t);
    await writeFile(join(destination, "data.bin"), Buffer.alloc(300_000, "payload "));
    return destination;
  };
  const strict = await deliver(request(source, await place()));
  assert.deepEqual([strict.fetchedBytes, strict.totals.verifiedBySize], [300_046, 5]);
  const lenient = await deliver(request(source, await place(), { existing: "size" }));
  assert.deepEqual([lenient.fetchedBytes, lenient.totals.verifiedBySize], [46, 5]);
});

test("equal contents are fetched once and are one inode, also when one of them is there already", async (t) => {
  const destination = await scratchDirectory(t);
  const big = Buffer.alloc(200_000, "shared ");
  const source = memorySource({ "m/a": big, "m/b/c": big, "m/d": "x" }, { digests: ["md5"] });
  const result = await deliver(request(source, destination));
  assert.deepEqual([result.fetchedBytes, result.linkedBytes], [200_001, 200_000]);
  const inodes = await Promise.all(["a", "b/c"].map(async (path) => (await stat(join(destination, path))).ino));
  assert.equal(inodes[0], inodes[1]);
  source.put("m/e", big);
  const again = await deliver(request(source, destination));
  assert.deepEqual([again.fetchedBytes, again.linkedBytes], [0, 200_000]);
  source.put("m/a", Buffer.alloc(200_000, "changed "));
  await deliver(request(source, destination));
  assert.deepEqual(await readFile(join(destination, "e")), big, "a linked file is not changed through another name");
  assert.equal((await deliver(request(source, destination))).unchanged, true);
});

test("the selection is part of the proof: less removes files, more fetches them", async (t) => {
  const destination = await scratchDirectory(t);
  const source = memorySource(model);
  const less = { exclude: ["*.bin"] };
  const first = await deliver(request(source, destination, { selection: less }));
  assert.deepEqual(first.skipped, [{ path: "data.bin", size: 300_000, reason: "excluded by *.bin" }]);
  assert.equal((await deliver(request(source, destination))).fetchedBytes, 300_000);
  assert.equal((await deliver(request(source, destination, { selection: less }))).removedFiles, 1);
  assert.equal((await deliver(request(source, destination, { selection: less }))).unchanged, true);
});

test("bad requests leave no trace", async (t) => {
  const root = await scratchDirectory(t);
  const source = memorySource(model);
  const destination = join(root, "x/y");
  const cases: [Partial<DeliveryRequest>, string][] = [
    [{ destination: "relative" }, "config_invalid"],
    [{ root: join(root, "other") }, "unsafe_path"],
    [{ selection: { include: ["/abs"] } }, "config_invalid"],
    [{ selection: { include: ["*.nothing"] } }, "not_found"],
    [{ source: { client: source.client, uri: { ...source.uri, key: "nowhere" } } }, "not_found"],
    [{ source: { storageUri: "s4://bucket/x" } }, "config_invalid"],
    [{ signal: AbortSignal.abort() }, "cancelled"],
  ];
  for (const [changes, code] of cases) {
    await assert.rejects(deliver({ ...request(source, destination), ...changes }), { code });
  }
  for (const key of ["m/../../escape", "m/a//b", "m/config.json/below"]) {
    const hostile = memorySource({ ...model, [key]: "x" });
    await assert.rejects(deliver(request(hostile, destination)), { code: "unsafe_path" });
  }
  assert.deepEqual(await readdir(root), []);
});

test("a model that fails its structure check is not proven, and what no digest vouches for is fetched again", async (t) => {
  const destination = await scratchDirectory(t);
  const broken = memorySource({ ...model, "m/model.safetensors": "<html>login</html>" }, { digests: [] });
  await assert.rejects(deliver(request(broken, destination)), {
    code: "incomplete_model",
    message: /model\.safetensors/,
  });
  assert.equal(await readProof(destination), undefined);
  assert.ok(!existsSync(join(destination, "model.safetensors")));
  broken.remove("m/model.safetensors");
  const result = await deliver(request(broken, destination));
  assert.equal(result.fetchedBytes, 0, "the sound files were kept");
});

test("a delivery that got nothing leaves no trace, one that got something is continued", async (t) => {
  const root = await scratchDirectory(t);
  const destination = join(root, "a/b");
  let allowed = 0;
  const hook = ({ operation }: { operation: string }): void => {
    if (operation === "locate" && allowed-- <= 0) throw new Error("the source broke");
  };
  const source = memorySource({ "m/config.json": "{}", "m/data.bin": Buffer.alloc(300_000, "payload ") }, { hook });
  const attempt = () => deliver(request(source, destination, { maxAttempts: 1 }));
  await assert.rejects(attempt());
  assert.deepEqual(await readdir(root), []);
  allowed = 1;
  await assert.rejects(attempt());
  allowed = 2;
  await attempt();
  assert.deepEqual(await tree(destination), [".model-agent/proof.json", "config.json", "data.bin"]);
});

test("two deliveries at once: one transfers, the other one is refused or waits and finds the proof", async (t) => {
  const destination = await scratchDirectory(t);
  const { source, reads } = countingSource();
  const [first, second] = await Promise.all([
    deliver(request(source, destination, { wait: true })),
    deliver(request(source, destination, { wait: true })),
  ]);
  assert.deepEqual([first.unchanged, second.unchanged].sort(), [false, true]);
  assert.equal(first.fetchedBytes + second.fetchedBytes, 300_046);
  assert.equal(reads(), 4, "every file but the empty one was read once");
  source.put("m/new", "1");
  const lease = await acquireLease({ directory: destination, purpose: "download" });
  await assert.rejects(deliver(request(source, destination)), { code: "unavailable", message: /held by another/ });
  await lease.release();
});

test("a proven model stays proven while its source cannot be reached or changes before anything was brought", async (t) => {
  const destination = await scratchDirectory(t);
  let down = false;
  const hook = ({ operation }: { operation: string }): void => {
    if (down && operation === "locate") throw new Error("the source broke");
  };
  const source = memorySource(model, { hook });
  await deliver(request(source, destination));
  source.put("m/config.json", "{}");
  down = true;
  await assert.rejects(deliver(request(source, destination, { maxAttempts: 1 })));
  const { uri } = source;
  assert.equal((await checkDelivery({ destination, uri })).state, "proven");
});

test("the fast check knows proven, changed, unfinished and never begun", async (t) => {
  const root = await scratchDirectory(t);
  const destination = join(root, "m");
  const source = memorySource(model);
  const { uri } = source;
  const check = () => checkDelivery({ destination, uri });
  assert.deepEqual(await check(), { state: "needed", placed: false });
  await deliver(request(source, destination));
  assert.equal((await check()).state, "proven");
  const other = await checkDelivery({ destination, uri, selection: { weights: "auto" } });
  assert.deepEqual(other, { state: "needed", placed: true });
  await rm(join(destination, "data.bin"));
  await utimes(join(destination, "empty"), 1, 1);
  assert.deepEqual(await check(), { state: "needed", placed: true, damage: "data.bin is missing and 1 more" });
});

test("a plan says what a delivery would do and changes nothing", async (t) => {
  const root = await scratchDirectory(t);
  const destination = join(root, "m");
  const source = memorySource(model);
  const plan = await planDelivery({ ...request(source, destination), selection: { exclude: ["*.bin"] } });
  assert.deepEqual(
    plan.files.map(({ path, todo, verifiable }) => [path, todo, verifiable]),
    [
      ["config.json", "fetch", true],
      ["empty", "fetch", true],
      ["sub/notes.txt", "fetch", true],
      ["tokenizer.json", "fetch", true],
    ],
  );
  assert.deepEqual([plan.totalBytes, plan.fetchBytes, plan.skipped.length, plan.complete], [46, 46, 1, false]);
  assert.ok(plan.space.neededBytes > 46 && (plan.space.freeBytes ?? 0) > 0);
  assert.deepEqual(await readdir(root), []);
  await deliver(request(source, destination));
  assert.equal((await planDelivery(request(source, destination))).complete, true);
  source.remove("m/empty");
  assert.deepEqual((await planDelivery(request(source, destination))).obsolete, ["empty"]);
});

test("progress goes through its phases and never beyond the total", async (t) => {
  const destination = await scratchDirectory(t);
  const seen: DownloadProgress[] = [];
  await deliver(request(memorySource(model), destination, { onProgress: (progress) => seen.push(progress) }));
  assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ["scanning", "downloading", "finalizing"]);
  const last = seen.at(-1);
  assert.deepEqual([last?.completedFiles, last?.completedBytes], [last?.totalFiles, last?.totalBytes]);
  assert.ok(seen.every(({ completedBytes, totalBytes }) => completedBytes <= totalBytes));
});
