import assert from "node:assert/strict";
import { test } from "node:test";
import { paceBytes } from "../../../src/agent/scrub/pace-bytes.ts";
import { manualClock } from "../../support/manual-clock.ts";

test("reading takes as long as the rate says, and no burst is saved up while idle", async () => {
  const clock = manualClock();
  const pace = paceBytes(1000, clock);
  const { signal } = new AbortController();
  let done = 0;
  const read = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) {
      await pace.took(1000, signal);
      done += 1;
    }
  };
  await clock.advance(60_000);
  const reading = read();
  await clock.advance(2500);
  assert.equal(done, 2);
  await clock.advance(2500);
  assert.equal(done, 5);
  await reading;
});

test("an abort ends the wait", async () => {
  const abort = new AbortController();
  const waiting = paceBytes(1, manualClock()).took(1000, abort.signal);
  abort.abort();
  await assert.rejects(waiting);
});
