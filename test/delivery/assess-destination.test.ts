import assert from "node:assert/strict";
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { assessDestination, type WantedModel } from "../../src/delivery/assess-destination.ts";
import { originOf, type PlannedFile } from "../../src/delivery/planned-file.ts";
import { scanSource } from "../../src/delivery/scan-source.ts";
import type { FileRecord } from "../../src/store/file-record.ts";
import { type FileSystem, nodeFileSystem } from "../../src/store/file-system.ts";
import { writeProof } from "../../src/store/proof.ts";
import { openPublicationList } from "../../src/store/publication-list.ts";
import { recordedFile } from "../support/file-records.ts";
import { type MemorySource, memorySource } from "../support/memory-source.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const rules = { include: [], exclude: [], weights: "all" } as const;

async function wantedOf({ client, uri }: MemorySource): Promise<WantedModel> {
  const files = (await scanSource(client, uri)).map((file): PlannedFile => ({ ...file, priority: 0 }));
  return { uri: "memory://b/m", rules, files };
}

/** A destination that holds the wanted files, with their records. */
async function delivered(t: TestContext, wanted: WantedModel, source: MemorySource) {
  const destination = await scratchDirectory(t);
  await mkdir(join(destination, ".model-agent"));
  const records: FileRecord[] = [];
  for (const file of wanted.files) {
    const bytes = source.store.get("b", file.info.key)?.bytes ?? new Uint8Array();
    records.push({ ...(await recordedFile(destination, file.path, bytes)), origin: originOf(file) });
  }
  return { destination, records };
}

async function prove(destination: string, files: readonly FileRecord[]): Promise<void> {
  await writeProof(destination, {
    request: { uri: "memory://b/m", ...rules },
    provider: "memory",
    provenAt: new Date().toISOString(),
    totals: { files: files.length, bytes: 0, verifiedBySource: 0, verifiedBySize: files.length },
    files,
  });
}

async function assess(destination: string, wanted: WantedModel, existing?: "verify" | "size" | "replace") {
  const assessment = await assessDestination(destination, wanted, nodeFileSystem, { existing });
  const todos = Object.fromEntries(assessment.tasks.map(({ todo, file }) => [file.path, todo]));
  return { ...assessment, todos, obsolete: assessment.obsolete.map(({ path }) => path) };
}

test("a destination that does not exist needs everything", async (t) => {
  const source = memorySource({ "m/a": "1", "m/b": "2" });
  const { todos, complete } = await assess(join(await scratchDirectory(t), "none"), await wantedOf(source));
  assert.deepEqual([todos, complete], [{ a: "fetch", b: "fetch" }, false]);
});

test("a proof of exactly this is complete; of another selection, or with something changed, it is not", async (t) => {
  const source = memorySource({ "m/a": "1", "m/b": "2" });
  const wanted = await wantedOf(source);
  const { destination, records } = await delivered(t, wanted, source);
  await prove(destination, records);
  assert.equal((await assess(destination, wanted)).complete, true);
  const other = { ...wanted, rules: { ...rules, exclude: ["*.bin"] } };
  const selection = await assess(destination, other);
  assert.deepEqual([selection.complete, selection.todos], [false, { a: "proven", b: "proven" }]);
  await utimes(join(destination, "a"), 1, 1);
  await rm(join(destination, "b"));
  const touched = await assess(destination, wanted);
  assert.deepEqual([touched.complete, touched.todos], [false, { a: "recheck", b: "fetch" }]);
});

test("what changed at the source is fetched, what left it is obsolete", async (t) => {
  const source = memorySource({ "m/a": "1", "m/b": "2", "m/c": "3" });
  const before = await wantedOf(source);
  const { destination, records } = await delivered(t, before, source);
  await prove(destination, records);
  source.put("m/a", "9");
  source.remove("m/b");
  const { todos, obsolete, complete } = await assess(destination, await wantedOf(source));
  assert.deepEqual([todos, obsolete, complete], [{ a: "fetch", c: "proven" }, ["b"], false]);
});

test("what an interrupted delivery published counts, but is not yet complete", async (t) => {
  const source = memorySource({ "m/a": "1", "m/b": "2" });
  const wanted = await wantedOf(source);
  const { destination, records } = await delivered(t, wanted, source);
  const list = await openPublicationList(destination);
  await list.append(records);
  await list.close();
  const { todos, complete } = await assess(destination, wanted);
  assert.deepEqual([todos, complete], [{ a: "proven", b: "proven" }, false]);
});

test("foreign files of the right size are read where the source has digests", async (t) => {
  const offers = memorySource({ "m/a": "1", "m/b": "22", "m/c": "3" });
  const offersNone = memorySource({ "m/a": "1" }, { digests: [] });
  const destination = await scratchDirectory(t);
  await writeFile(join(destination, "a"), "x");
  await writeFile(join(destination, "b"), "x");
  await mkdir(join(destination, "c"));
  const wanted = await wantedOf(offers);
  assert.deepEqual((await assess(destination, wanted)).todos, { a: "adopt", b: "fetch", c: "fetch" });
  assert.deepEqual((await assess(destination, wanted, "replace")).todos, { a: "fetch", b: "fetch", c: "fetch" });
  const unknown = await wantedOf(offersNone);
  assert.deepEqual((await assess(destination, unknown)).todos, { a: "fetch" });
  assert.deepEqual((await assess(destination, unknown, "size")).todos, { a: "adopt" });
});

test("foreign files are found in a directory that may be searched and not listed", async (t) => {
  const source = memorySource({ "m/a.bin": "12345" });
  const destination = await scratchDirectory(t);
  await writeFile(join(destination, "a.bin"), "54321");
  const refused = Object.assign(new Error("EACCES: permission denied, scandir"), { code: "EACCES" });
  const fileSystem: FileSystem = { ...nodeFileSystem, readdir: (): Promise<never> => Promise.reject(refused) };
  const { tasks } = await assessDestination(destination, await wantedOf(source), fileSystem, { existing: "size" });
  assert.deepEqual(
    tasks.map(({ todo }) => todo),
    ["adopt"],
  );
});
