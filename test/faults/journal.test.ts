import assert from "node:assert/strict";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Content, generatedContent, startFaultServer } from "../../src/testing/index.ts";
import { transfer } from "../../src/transfer/transfer.ts";
import { assertFile } from "./support/assert-file.ts";
import { serve } from "./support/http-file.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { stagingTarget } from "./support/staging-target.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { commitUnit, mebibyte } from "./support/units.ts";

const contents: Readonly<Record<string, Content>> = {
  "large.bin": generatedContent({ seed: 1, size: 18 * mebibyte + 5 }),
  "middle.bin": generatedContent({ seed: 2, size: 3 * mebibyte + 1 }),
  "small.json": generatedContent({ seed: 3, size: 500 }),
};

type Damage = (bytes: Buffer, at: number) => Buffer;

/** What power cuts, bad disks and other programs leave of a file. */
const damages: Readonly<Record<string, Damage>> = {
  "cut off": (bytes, at) => bytes.subarray(0, at),
  "one bit inverted": (bytes, at) => {
    const index = Math.min(at, bytes.length - 1);
    bytes[index] = (bytes[index] ?? 0) ^ 4;
    return bytes;
  },
  "zeros from there on": (bytes, at) => bytes.fill(0, at),
  "a stretch missing": (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 40)]),
  "a stretch twice": (bytes, at) => Buffer.concat([bytes.subarray(0, at + 60), bytes.subarray(at)]),
  "garbage at the end": (bytes) => Buffer.concat([bytes, Buffer.from("garbage\n{}\n\0\0\0")]),
};

async function stagedFiles(directory: string): Promise<{ journals: string[]; parts: string[] }> {
  const entries = await readdir(join(directory, "staging"), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return {
    journals: paths.filter((path) => /journal/.test(path.slice(directory.length))),
    parts: paths.filter((path) => !/journal/.test(path.slice(directory.length))).sort(),
  };
}

describe("what an interrupted transfer left, damaged", { concurrency: 2, timeout: 120_000 }, () => {
  test("[F36] [E10] the files are right whatever happened to the journal and the staged files", async () => {
    await using server = await startFaultServer({ bandwidth: 40 * mebibyte });
    const files = Object.entries(contents).map(([path, content]) => serve(server, `/${path}`, content));
    await using first = await stagingTarget();
    const controller = new AbortController();
    const interrupted = rejectsWith(transfer(files, { target: first, signal: controller.signal }), "cancelled");
    await server.waitForBytes(14 * mebibyte);
    controller.abort();
    await interrupted;
    const { journals } = await stagedFiles(first.directory);
    assert.equal(journals.length, 1);

    await using fast = await startFaultServer();
    const again = Object.entries(contents).map(([path, content]) => serve(fast, `/${path}`, content));
    const property = fc.asyncProperty(
      fc.constantFrom(...Object.keys(damages)),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      async (kind, position, inJournal) => {
        await using root = await temporaryDirectory();
        await rm(root.path, { recursive: true });
        await cp(first.directory, root.path, { recursive: true, preserveTimestamps: true });
        const found = await stagedFiles(root.path);
        const victim = inJournal ? found.journals[0] : found.parts[Math.floor(position * 0.999 * found.parts.length)];
        assert.ok(victim);
        const bytes = await readFile(victim);
        await writeFile(victim, (damages[kind] as Damage)(bytes, Math.floor(position * bytes.length)));
        await using target = await stagingTarget({ directory: root.path });
        const done = await readdir(join(root.path, "final")).catch((): string[] => []);
        const left = again.filter((file) => !done.includes(file.path));
        const result = await transfer(left, { target });
        for (const [path, content] of Object.entries(contents)) assertFile(target.pathOf(path), content);
        const sizes = left.reduce((sum, file) => sum + file.size, 0);
        assert.ok(result.resumedBytes + result.fetchedBytes >= sizes);
        assert.deepEqual((await stagedFiles(root.path)).parts, []);
      },
    );
    await fc.assert(property, { numRuns: 18, seed: 36, endOnFailure: true });
  });

  test("[E11] an interrupted transfer is continued where it stopped, without a byte fetched twice beyond its units", async () => {
    await using server = await startFaultServer({ bandwidth: 100 * mebibyte, window: mebibyte });
    const content = generatedContent({ seed: 4, size: 90 * mebibyte });
    const file = serve(server, "/model", content);
    await using target = await stagingTarget();
    for (const bytes of [25, 50, 75]) {
      const controller = new AbortController();
      const run = transfer([file], { target, signal: controller.signal, maxConnections: 2 });
      const interrupted = rejectsWith(run, "cancelled");
      await Promise.race([server.waitForBytes(bytes * mebibyte), interrupted]);
      controller.abort();
      await interrupted;
    }
    const result = await transfer([file], { target, maxConnections: 2 });
    assertFile(target.pathOf("model"), content);
    assert.ok(result.resumedBytes > 0);
    assert.ok(server.refetchedBytes("/model") <= 3 * 2 * (commitUnit + mebibyte));
  });
});
