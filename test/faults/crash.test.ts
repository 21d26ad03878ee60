import assert from "node:assert/strict";
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Content,
  type FaultServer,
  generatedContent,
  generatedModel,
  seededRandom,
  startFaultServer,
  zeroContent,
} from "../../src/testing/index.ts";
import { assertFile } from "./support/assert-file.ts";
import type { ChildReport } from "./support/child-report.ts";
import { childCommand, childTask, runChild } from "./support/run-child.ts";
import type { ChildTask } from "./support/transfer-child.ts";
import { commitUnit, mebibyte } from "./support/units.ts";

const connections = 2;
/** What may be on its way to a process when it dies, per connection. */
const underWay = mebibyte;
const perConnection = commitUnit + underWay;

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "crash-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function assertModel(directory: string, contents: Readonly<Record<string, Content>>): void {
  for (const [path, content] of Object.entries(contents)) assertFile(join(directory, "final", path), content);
}

function refetched(server: FaultServer, contents: Readonly<Record<string, Content>>): number {
  return Object.keys(contents).reduce((sum, path) => sum + server.refetchedBytes(`/${path}`), 0);
}

/** Runs the task and kills it as soon as the server has sent so many bytes more; false when it ended before. */
async function killedAfter(server: FaultServer, task: ChildTask, bytes: number): Promise<boolean> {
  const child = runChild(childCommand(task));
  await Promise.race([server.waitForBytes(server.bytesServed() + bytes), child.ended]);
  child.process.kill("SIGKILL");
  const { signal } = await child.ended;
  return signal === "SIGKILL";
}

async function finished(task: ChildTask): Promise<ChildReport> {
  const { reports, stderr } = await runChild(childCommand(task)).ended;
  const report = reports.at(-1);
  assert.ok(report, stderr);
  assert.equal(report.error, undefined, report.error?.message);
  return report;
}

/** The staged file that has the most blocks on disk, and where it lies. */
async function largestStaged(directory: string): Promise<string> {
  const staging = join(directory, "staging");
  const names = (await readdir(staging, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = names.map((entry) => join(entry.parentPath, entry.name));
  const largest = paths.sort((a, b) => statSync(b).blocks - statSync(a).blocks)[0];
  assert.ok(largest, "something is staged");
  return largest;
}

function flipBitOnDisk(path: string, offset: number): void {
  const fd = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, offset);
  writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset);
  closeSync(fd);
}

describe("processes that die", { concurrency: 3, timeout: 180_000 }, () => {
  test("[E11] [F02] fifteen SIGKILLs at random moments end with the right model and bounded refetches", async (t) => {
    const contents = { ...generatedModel({ seed: 5, shards: 4, shardSize: 75_000_000 }), "empty.txt": zeroContent(0) };
    const size = Object.values(contents).reduce((sum, content) => sum + content.size, 0);
    await using server = await startFaultServer({ bandwidth: 120 * mebibyte, window: underWay });
    await using directory = await temporaryDirectory();
    const task = childTask(server, contents, { directory: directory.path, maxConnections: 1 });
    const random = seededRandom(11);
    let kills = 0;
    for (let attempt = 0; attempt < 15; attempt++) {
      if (await killedAfter(server, task, Math.floor((10 + random() * 20) * mebibyte))) kills++;
    }
    const report = await finished(task);
    assertModel(directory.path, contents);
    assert.ok(kills >= 12, `only ${kills} kills`);
    const twice = refetched(server, contents);
    t.diagnostic(`${kills} kills, ${twice} of ${size} bytes twice, last run resumed ${report.resumedBytes}`);
    assert.ok(twice <= kills * perConnection, `${twice} bytes twice`);
  });

  for (const share of [0.1, 0.5, 0.9]) {
    test(`[E11] a kill at ${share * 100} % costs at most the units in flight`, async () => {
      const contents = { "model.safetensors": generatedContent({ seed: 20, size: 80 * mebibyte + 3 }) };
      await using server = await startFaultServer({ bandwidth: 60 * mebibyte, window: underWay });
      await using directory = await temporaryDirectory();
      const task = childTask(server, contents, { directory: directory.path, maxConnections: connections });
      assert.ok(await killedAfter(server, task, share * 80 * mebibyte));
      const report = await finished(task);
      assertModel(directory.path, contents);
      assert.ok(refetched(server, contents) <= connections * perConnection);
      assert.ok((report.resumedBytes ?? 0) >= share * 80 * mebibyte - connections * perConnection);
    });
  }

  test("[E10] a bit that flips on disk between kill and resume is found and costs one unit", async () => {
    const contents = { "model.safetensors": generatedContent({ seed: 30, size: 80 * mebibyte + 3 }) };
    await using server = await startFaultServer({ bandwidth: 150 * mebibyte, window: underWay });
    await using directory = await temporaryDirectory();
    const task = childTask(server, contents, { directory: directory.path, maxConnections: 1 });
    const silence = server.addRule({ when: { bytesServed: 40 * mebibyte }, fault: { type: "stall" } });
    const child = runChild(childCommand(task));
    await server.waitForBytes(40 * mebibyte);
    await sleep(1000);
    child.process.kill("SIGKILL");
    await child.ended;
    silence.remove();
    assert.equal(refetched(server, contents), 0);
    flipBitOnDisk(await largestStaged(directory.path), 1_234_567);
    await finished(task);
    assertModel(directory.path, contents);
    const twice = refetched(server, contents);
    assert.ok(twice >= 1, "the unit was fetched again");
    assert.ok(twice <= commitUnit, `${twice} bytes twice`);
  });

  test("[F02] a process that sleeps in the middle goes on when it wakes up", async () => {
    const contents = { "model.safetensors": generatedContent({ seed: 40, size: 60 * mebibyte + 3 }) };
    await using server = await startFaultServer({ bandwidth: 60 * mebibyte, window: underWay });
    await using directory = await temporaryDirectory();
    const task = childTask(server, contents, { directory: directory.path, maxConnections: connections });
    const child = runChild(childCommand(task));
    await server.waitForBytes(20 * mebibyte);
    child.process.kill("SIGSTOP");
    await sleep(4000);
    await server.outage(1, "reset");
    child.process.kill("SIGCONT");
    const { reports, stderr } = await child.ended;
    assert.equal(reports[0]?.error, undefined, reports[0]?.error?.message);
    assert.ok(reports[0], stderr);
    assertModel(directory.path, contents);
    assert.ok(refetched(server, contents) <= connections * perConnection);
  });

  test("[F02] a process that is killed while it sleeps leaves no unit that is not there", async () => {
    const contents = { "model.safetensors": generatedContent({ seed: 41, size: 60 * mebibyte + 3 }) };
    await using server = await startFaultServer({ bandwidth: 60 * mebibyte, window: underWay });
    await using directory = await temporaryDirectory();
    const task = childTask(server, contents, { directory: directory.path, maxConnections: connections });
    const child = runChild(childCommand(task));
    await server.waitForBytes(20 * mebibyte);
    child.process.kill("SIGSTOP");
    child.process.kill("SIGKILL");
    await child.ended;
    await finished(task);
    assertModel(directory.path, contents);
    assert.ok(refetched(server, contents) <= connections * perConnection);
  });
});
