import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { deliver } from "../../src/delivery/deliver.ts";
import { readProof } from "../../src/store/proof.ts";
import { generatedModel, seededRandom, startFaultServer } from "../../src/testing/index.ts";
import { agentHouse, startAgent } from "../support/agent-house.ts";
import { runCommand } from "../support/cli.ts";
import { assertFile } from "./support/assert-file.ts";
import type { DeliverTask } from "./support/deliver-child.ts";
import { type ModelContents, modelBytesServed, modelSize, serveModel } from "./support/http-model.ts";
import { rejectsWith } from "./support/rejects-with.ts";
import { deliverCommand, type RunningChild, runChild } from "./support/run-child.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { commitUnit, mebibyte } from "./support/units.ts";

const model = generatedModel({ seed: 2, shards: 3, shardSize: 10 * mebibyte });

function delivering(task: DeliverTask): RunningChild {
  return runChild(deliverCommand(task));
}

function assertDelivered(destination: string, contents: ModelContents): void {
  for (const [path, content] of Object.entries(contents)) assertFile(join(destination, path), content);
}

describe("writers", { concurrency: true }, () => {
  describe("several writers", { concurrency: 2, timeout: 120_000 }, () => {
    test("[F09] [E16] two processes on one destination: one fetches, both end with the model", async () => {
      await using server = await startFaultServer({ bandwidth: 30 * mebibyte });
      await using root = await temporaryDirectory();
      const storageUri = serveModel(server, "/model/", model);
      const task = { storageUri, destination: root.path, wait: true };
      const ends = await Promise.all([delivering(task).ended, delivering(task).ended]);
      for (const { exitCode, stderr, reports } of ends) assert.equal(exitCode, 0, JSON.stringify(reports) + stderr);
      assertDelivered(root.path, model);
      assert.equal(modelBytesServed(server, "/model/", model), modelSize(model));
      const fetched = ends.map(({ reports }) => reports[0]?.fetchedBytes ?? -1).sort((a, b) => a - b);
      assert.deepEqual(fetched, [0, modelSize(model)]);
    });

    test("[F09] a second writer that does not want to wait is told who holds the destination", async () => {
      await using server = await startFaultServer({ bandwidth: 10 * mebibyte });
      await using root = await temporaryDirectory();
      const storageUri = serveModel(server, "/model/", model);
      const first = delivering({ storageUri, destination: root.path });
      await server.waitForBytes(4 * mebibyte);
      const error = await rejectsWith(
        deliver({ source: { storageUri, env: {} }, destination: root.path }),
        "unavailable",
      );
      assert.match(error.message, new RegExp(String(first.process.pid)));
      assert.equal((await first.ended).exitCode, 0);
      assertDelivered(root.path, model);
      assert.equal(modelBytesServed(server, "/model/", model), modelSize(model));
    });

    test("[F09] two deliveries in one process: one fetches", async () => {
      await using server = await startFaultServer();
      await using root = await temporaryDirectory();
      const storageUri = serveModel(server, "/model/", model);
      const request = { source: { storageUri, env: {} }, destination: root.path, wait: true };
      await Promise.all([deliver(request), deliver(request)]);
      assertDelivered(root.path, model);
      assert.equal(modelBytesServed(server, "/model/", model), modelSize(model));
    });

    test("[F09] the agent and the command line on one directory: one fetches, both end with the model", async (t) => {
      const house = await agentHouse(t, { shards: 2, shardSize: 6_000_000 });
      await house.wish("llama");
      const agent = await startAgent(house, { maxBandwidth: 6_000_000 });
      await agent.until("llama", (found) => (found?.progress?.completedBytes ?? 0) > 1_000_000);
      const destination = join(house.root, "llama");
      const flags = ["--endpoint", house.s3.url, "--region", "us-east-1"];
      const refused = await runCommand(["pull", "s3://models/llama", destination, ...flags], house);
      assert.equal(refused.code, 5, refused.stderr);
      assert.match(refused.stderr, new RegExp(`${process.pid}`));
      const waited = await runCommand(["pull", "s3://models/llama", destination, ...flags, "--wait"], house);
      assert.equal(waited.code, 0, waited.stderr);
      await agent.ready("llama");
      assert.ok(await readProof(destination));
      const { sentBytes } = house.s3.counters.of("GetObject");
      assert.ok(sentBytes < house.modelBytes + 10_000, `${sentBytes} of ${house.modelBytes} bytes`);
    });
  });

  describe("writers that are killed", { concurrency: 2, timeout: 120_000 }, () => {
    test("[F11] [F16] a delivery killed again and again is taken over at once and ends proven", async () => {
      await using server = await startFaultServer({ bandwidth: 60 * mebibyte, window: mebibyte });
      await using root = await temporaryDirectory();
      const storageUri = serveModel(server, "/model/", model);
      const task = { storageUri, destination: root.path, maxConnections: 2 };
      const random = seededRandom(4);
      let kills = 0;
      for (let attempt = 0; attempt < 5; attempt++) {
        const child = delivering(task);
        const bytes = server.bytesServed() + Math.floor(random() * 8 * mebibyte) + 1;
        await Promise.race([server.waitForBytes(bytes), child.ended]);
        child.process.kill("SIGKILL");
        if ((await child.ended).signal !== "SIGKILL") continue;
        kills++;
        assert.equal(await readProof(root.path), undefined);
      }
      const start = performance.now();
      const { exitCode, reports, stderr } = await delivering(task).ended;
      assert.equal(exitCode, 0, JSON.stringify(reports) + stderr);
      assert.ok(performance.now() - start < 15_000, "the lease of the dead writer was not waited for");
      assertDelivered(root.path, model);
      assert.ok(await readProof(root.path));
      assert.equal(existsSync(join(root.path, ".model-agent", "staging")), false);
      assert.ok(kills >= 4, `${kills} kills`);
      assert.ok(modelBytesServed(server, "/model/", model) <= modelSize(model) + kills * 2 * (commitUnit + mebibyte));
    });
  });
});
