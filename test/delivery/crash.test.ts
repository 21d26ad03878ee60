import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { deliver } from "../../src/delivery/deliver.ts";
import { verifyDelivery } from "../../src/delivery/verify-delivery.ts";
import { readProof } from "../../src/store/proof.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const child = fileURLToPath(new URL("../support/crash-child.ts", import.meta.url));

/** Runs the delivery in a process of its own; the number of its steps, or undefined when it was killed. */
async function run(source: string, destination: string, step: number): Promise<number | undefined> {
  const running = spawn(process.execPath, [child, source, destination, String(step)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed] = await Promise.all([text(running.stdout), once(running, "exit")]);
  assert.ok(running.signalCode === "SIGKILL" || running.exitCode === 0, `exit ${running.exitCode}`);
  return running.signalCode === "SIGKILL" ? undefined : Number(printed);
}

function pull(source: string, destination: string) {
  return deliver({ source: { storageUri: `local://${source}`, env: {} }, destination, lanes: 1 });
}

async function write(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, ".."), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

const version1 = { "config.json": '{"v":1}', "sub/weights.bin": "one ".repeat(30_000), gone: "old", same: "same" };
const version2 = { "config.json": '{"v":2}', "sub/weights.bin": "two ".repeat(30_000), new: "new", same: "same" };

test("a delivery killed at any step of its first run or of an update is finished by the next one, and is never taken for done", async (t) => {
  const root = await scratchDirectory(t);
  const [source1, source2] = [join(root, "v1"), join(root, "v2")];
  await write(source1, version1);
  await write(source2, version2);
  const destination = join(root, "model");
  const total = (await run(source1, destination, 0)) ?? 0;
  const updating = (await run(source2, destination, 0)) ?? 0;
  assert.ok(total > 20 && updating > 20, `${total} and ${updating} steps`);
  t.diagnostic(`${total} steps of a first delivery, ${updating} of an update`);
  const cases = [
    // An update goes through all steps of a first delivery, so every sixth of these is enough.
    ...Array.from({ length: Math.floor(total / 3) }, (_, index) => ({
      update: false,
      step: index * 3 + 1 + (total % 3),
    })),
    ...Array.from({ length: updating }, (_, index) => ({ update: true, step: index + 1 })),
  ];
  for (const { update, step } of cases) {
    const label = `${update ? "update" : "first run"}, killed before step ${step}`;
    await rm(destination, { recursive: true, force: true });
    if (update) await pull(source1, destination);
    const source = update ? source2 : source1;
    const wanted = update ? version2 : version1;
    await run(source, destination, step);

    const proof = await readProof(destination);
    if (proof !== undefined) {
      const held = proof.request.uri === `local://${source1}` ? version1 : version2;
      const { damaged } = await verifyDelivery({ destination });
      assert.deepEqual(damaged, [], `${label}: what is proven is there`);
      assert.equal(await readFile(join(destination, "config.json"), "utf8"), held["config.json"], label);
    }
    const result = await pull(source, destination);
    for (const [path, content] of Object.entries(wanted)) {
      assert.equal(await readFile(join(destination, path), "utf8"), content, `${label}: ${path}`);
    }
    const left = (await readdir(destination, { recursive: true })).sort();
    const expected = [...Object.keys(wanted), "sub", ".model-agent", ".model-agent/proof.json"].sort();
    assert.deepEqual(left, expected, label);
    if (step % 5 === 0) assert.equal((await pull(source, destination)).unchanged, true, label);
    assert.ok(result.fetchedBytes + result.reusedBytes >= result.totals.bytes, label);
  }
});
