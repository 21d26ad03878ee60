import assert from "node:assert/strict";
import { closeSync, existsSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Lane } from "../../../src/transfer/lane/lane.ts";
import type { LaneEvent, PartSpec } from "../../../src/transfer/lane/lane-messages.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const settings = {
  bufferSize: 1024,
  leanBufferSize: 1024,
  bufferLimit: 64 * 1024,
  stallTimeoutMs: 60_000,
  connectTimeoutMs: 60_000,
  tickMs: 100,
  fileMode: undefined,
  parallelSyncs: 1,
};

/** Closes the descriptor behind the lane's back, so that its own close fails as one of a network file system can. */
function closeDescriptorOf(path: string): void {
  for (const name of readdirSync("/proc/self/fd")) {
    if (!existsSync(`/proc/self/fd/${name}`)) continue;
    const leadsTo = readlinkSync(`/proc/self/fd/${name}`);
    if (leadsTo === path) closeSync(Number(name));
  }
}

test("a staged file that cannot be closed fails its part instead of leaving the transfer waiting", {
  skip: process.platform !== "linux",
}, async (t) => {
  const path = join(await scratchDirectory(t), "small.part");
  const events: LaneEvent[] = [];
  let done: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    done = resolve;
  });
  const lane = new Lane(settings, (batch) => {
    events.push(...batch);
    if (batch.some(({ type }) => type === "run-done")) done();
  });
  t.after(() => lane.handle({ type: "stop" }));
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(2048);
    closeDescriptorOf(path);
  }
  const spec = {
    part: 1,
    start: 0,
    end: 2048,
    size: 2048,
    file: { kind: "create", path, mode: 0o600 },
    crc: "crc32",
    unitSize: 4096,
    cuts: [],
    spans: [],
    journal: undefined,
  } satisfies PartSpec;
  const read = { kind: "stream", open: () => chunks() } as const;
  lane.handle({
    type: "run",
    run: { run: 1, scope: "test", route: undefined, works: [{ part: 1, spec, read, answerTimeoutMs: 60_000 }] },
  });
  await ended;
  const failed = events.find((event) => event.type === "part-failed");
  assert.equal(failed?.failure.kind, "disk");
  assert.ok(!events.some(({ type }) => type === "part-done"));
});
