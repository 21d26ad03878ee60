import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Gate } from "../../../src/transfer/lane/feed.ts";

test("a read that is paused over and over leaves nothing behind on its signal", async () => {
  const gate = new Gate(new AbortController().signal);
  for (let round = 0; round < 50; round += 1) {
    gate.pause();
    const passed = gate.pass();
    await turn();
    gate.resume();
    await passed;
  }
  assert.ok(getEventListeners(gate.signal, "abort").length <= 1);
});

test("a paused read ends when it is stopped, and when everything is", async () => {
  const all = new AbortController();
  const [first, second] = [new Gate(all.signal), new Gate(all.signal)];
  for (const gate of [first, second]) gate.pause();
  const ends = [assert.rejects(first.pass(), { message: "stopped" }), assert.rejects(second.pass())];
  first.abort({ kind: "connection", detail: "stopped" });
  all.abort();
  await Promise.all(ends);
});
