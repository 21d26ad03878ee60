import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { systemClock } from "../../../src/telemetry/clock.ts";
import { silentLogger } from "../../../src/telemetry/logger.ts";
import { TransferContext } from "../../../src/transfer/engine/transfer-context.ts";

test("what fails later ends the transfer and not the process", async () => {
  const failures: unknown[] = [];
  const target = { stagingDirectory: "/nowhere", freeBytes: async () => undefined, publish: async () => {} };
  const clock = { ...systemClock, sleep: async () => {} };
  const context = new TransferContext({ target }, clock, Math.random, silentLogger, (error) => failures.push(error));
  const defect = new RangeError("a defect");
  context.later(1, () => {
    throw defect;
  });
  await turn();
  assert.deepEqual(failures, [defect]);
  assert.ok(context.stopped);
});
