import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { FileRecord } from "../../src/store/file-record.ts";
import { formatProof, type Proof, parseProof, readProof, writeProof } from "../../src/store/proof.ts";
import { openPublicationList, readPublicationList, removePublicationList } from "../../src/store/publication-list.ts";
import { recordedFile } from "../support/file-records.ts";
import { recordingFileSystem } from "../support/recording-file-system.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

async function destinationOf(t: TestContext): Promise<string> {
  const destination = await scratchDirectory(t);
  await mkdir(join(destination, ".model-agent"));
  return destination;
}

function proofOf(files: readonly FileRecord[]): Proof {
  return {
    request: { uri: "memory://b/m", include: [], exclude: ["*.bin"], weights: "all" },
    provider: "memory",
    revision: "abc",
    provenAt: "2026-01-02T03:04:05.678Z",
    totals: {
      files: files.length,
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      verifiedBySource: 0,
      verifiedBySize: files.length,
    },
    files,
  };
}

test("a proof is read as it was written", async (t) => {
  const destination = await destinationOf(t);
  const proof = proofOf([await recordedFile(destination, "a", Buffer.from("hello"))]);
  await writeProof(destination, proof);
  assert.deepEqual(await readProof(destination), proof);
  assert.deepEqual(await readdir(join(destination, ".model-agent")), ["proof.json"]);
});

test("there is no proof where there is none, also when the destination does not exist", async (t) => {
  assert.equal(await readProof(join(await scratchDirectory(t), "nowhere")), undefined);
});

test("the proof is durable before it has its name, and its name is durable before it counts", async (t) => {
  const destination = await destinationOf(t);
  const { log, fileSystem } = recordingFileSystem();
  await writeProof(destination, proofOf([await recordedFile(destination, "a", Buffer.from("x"))]), fileSystem);
  assert.match(
    log.join(", "),
    /^sync proof\.json\.\w+\.tmp, rename proof\.json\.\w+\.tmp proof\.json, sync \.model-agent$/,
  );
});

test("a proof that cannot be written leaves the former one and no litter", async (t) => {
  const destination = await destinationOf(t);
  const proof = proofOf([await recordedFile(destination, "a", Buffer.from("x"))]);
  await writeProof(destination, proof);
  const { fileSystem } = recordingFileSystem((operation) => {
    if (operation === "sync") throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
  });
  await assert.rejects(writeProof(destination, { ...proof, provider: "other" }, fileSystem), { code: "no_space" });
  assert.deepEqual(await readProof(destination), proof);
  assert.deepEqual(await readdir(join(destination, ".model-agent")), ["proof.json"]);
});

test("property: a proof with any one character changed is no proof, or says the same", async (t) => {
  const destination = await destinationOf(t);
  const proof = proofOf([await recordedFile(destination, "a", Buffer.alloc(20_000, 7))]);
  const text = formatProof(proof);
  fc.assert(
    fc.property(fc.nat(text.length - 2), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const read = parseProof(text.slice(0, at) + character + text.slice(at + 1));
      if (read !== undefined) assert.deepEqual(read, proof);
      assert.equal(parseProof(text.slice(0, at)), undefined);
    }),
    { numRuns: 2000 },
  );
});

test("a proof of a later version, or whose unit values do not cover a file, is no proof", async (t) => {
  const destination = await destinationOf(t);
  const record = await recordedFile(destination, "a", Buffer.alloc(20_000, 7));
  assert.equal(parseProof(formatProof(proofOf([record])).replace('"version":1', '"version":2')), undefined);
  const short = { ...record, units: { ...record.units, values: record.units.values.slice(8) } };
  assert.equal(parseProof(formatProof(proofOf([short]))), undefined);
  assert.equal(parseProof(formatProof(proofOf([]))), undefined);
});

test("ten thousand files, or a file of two terabytes, make a proof that is read within seconds", async (t) => {
  const destination = await destinationOf(t);
  const record = await recordedFile(destination, "a", Buffer.alloc(16_384, 7));
  const many = Array.from({ length: 10_000 }, (_, index) => ({ ...record, path: `layers/${index}/weights.bin` }));
  const unitSize = 8 * 1024 * 1024;
  const units = 2 ** 41 / unitSize;
  const huge = { ...record, size: 2 ** 41, units: { ...record.units, unitSize, values: "01234567".repeat(units) } };
  for (const proof of [proofOf(many), proofOf([huge])]) {
    const started = performance.now();
    await writeProof(destination, proof);
    assert.equal((await readProof(destination))?.totals.files, proof.files.length);
    assert.ok(performance.now() - started < 10_000);
  }
});

test("publications are read back, the last one of a path counts, and damaged lines are left out", async (t) => {
  const destination = await destinationOf(t);
  const [a, b] = [
    await recordedFile(destination, "a", Buffer.from("aa")),
    await recordedFile(destination, "b", Buffer.from("bb")),
  ];
  assert.equal((await readPublicationList(destination)).size, 0);
  const first = await openPublicationList(destination);
  await first.append([{ ...a, mtimeNs: "1" }, b]);
  await first.close();
  const path = join(destination, ".model-agent/publications.jsonl");
  const torn = (await readFile(path, "utf8")).slice(0, -9);
  await writeFile(path, torn);
  const second = await openPublicationList(destination);
  await second.append([a]);
  await second.sync();
  await second.close();
  assert.deepEqual([...(await readPublicationList(destination)).values()], [a]);
  await removePublicationList(destination);
  await removePublicationList(destination);
  assert.ok(!existsSync(path));
});
