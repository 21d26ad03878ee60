import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { access, chmod, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseStatus } from "../../src/agent/status/status-file.ts";
import { isStorageError } from "../../src/errors.ts";
import { agentHouse, startAgent } from "../support/agent-house.ts";

const options = { timeout: 120_000 };

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

test("a manifest becomes a proven model; its deletion takes the files and leaves others alone", options, async (t) => {
  const house = await agentHouse(t);
  await house.wish("llama");
  const agent = await startAgent(house);
  const status = await agent.ready("llama");
  assert.equal(status.report?.files, house.modelFiles);
  assert.equal(status.report?.filesVerifiedBySource, house.modelFiles);
  assert.equal((await agent.get("/healthz")).body, "ok");
  const metrics = (await agent.get("/metrics")).body;
  const labels = 'model_type="ClusterBaseModel",namespace="",name="llama"';
  assert.ok(metrics.includes(`model_agent_downloads_success_total{${labels}} 1`), metrics);
  assert.ok(metrics.includes(`model_agent_model_ready{${labels}} 1`));
  assert.ok(metrics.includes(`model_agent_download_bytes_total{${labels}} ${house.modelBytes}`));

  await house.wish("second");
  await agent.ready("second");
  await house.unwish("llama");
  await agent.until("llama", (model) => model === undefined);
  assert.equal(await exists(join(house.root, "llama")), false);
  assert.ok((await readdir(join(house.root, "second"))).includes("config.json"));
  assert.ok(!(await agent.get("/metrics")).body.includes('name="llama"'));
});

test("after a restart a proven model is Ready within a second, without one request", options, async (t) => {
  const house = await agentHouse(t);
  await house.wish("llama");
  const first = await startAgent(house);
  await first.ready("llama");
  await first.stop();
  house.s3.counters.reset();
  const startedAt = performance.now();
  const second = await startAgent(house);
  const status = await second.ready("llama");
  assert.ok(performance.now() - startedAt < 1000);
  assert.equal(house.s3.counters.total.requests, 0);
  assert.equal(status.reason, "Ready");
});

test("a changed selection changes the files, at once", options, async (t) => {
  const house = await agentHouse(t);
  await house.wish("llama");
  const agent = await startAgent(house);
  await agent.ready("llama");
  await writeFile(
    join(house.manifests, "llama.yaml"),
    (await readFile(join(house.manifests, "llama.yaml"), "utf8")).replace(
      "region: us-east-1",
      'region: us-east-1, include: "*.json"',
    ),
  );
  await agent.until("llama", (model) => model?.state === "Ready" && model.report?.files === 4);
  const files = await readdir(join(house.root, "llama"));
  assert.ok(!files.some((name) => name.endsWith(".safetensors")), files.join());
});

test("a deleted file is noticed and brought again; only it is fetched", options, async (t) => {
  const house = await agentHouse(t);
  await house.wish("llama");
  const agent = await startAgent(house, { checkIntervalMs: 200 });
  await agent.ready("llama");
  house.s3.counters.reset();
  const shard = join(house.root, "llama", "model-00001-of-00002.safetensors");
  const { size } = await stat(shard);
  const before = await readFile(shard);
  await rm(shard);
  await agent.until("llama", (model) => model?.state !== "Ready");
  await agent.ready("llama");
  assert.deepEqual(await readFile(shard), before);
  assert.ok(house.s3.counters.of("GetObject").sentBytes < size + 10_000);
});

test(
  "a byte that rotted in place, size and times unchanged, is found by the scrub and repaired",
  options,
  async (t) => {
    const house = await agentHouse(t);
    await house.wish("llama");
    const agent = await startAgent(house, { scrubIntervalMs: 300 });
    await agent.ready("llama");
    const shard = join(house.root, "llama", "model-00002-of-00002.safetensors");
    const before = await readFile(shard);
    const { atime, mtime } = await stat(shard);
    const rotten = Buffer.from(before);
    rotten[rotten.length - 10] = (rotten[rotten.length - 10] ?? 0) ^ 1;
    await chmod(shard, 0o644);
    await writeFile(shard, rotten);
    await utimes(shard, atime, mtime);
    for (const startedAt = performance.now(); performance.now() - startedAt < 30_000; ) {
      if ((await agent.until("llama", () => true))?.state === "Ready" && before.equals(await readFile(shard))) break;
    }
    assert.deepEqual(await readFile(shard), before);
    await agent.ready("llama");
    assert.match((await agent.get("/metrics")).body, /model_agent_scrub_errors_total [1-9]/);
  },
);

test("a download that is deleted half-way stops within a second and leaves nothing", options, async (t) => {
  const house = await agentHouse(t, { shards: 2, shardSize: 8_000_000 });
  await house.wish("llama");
  const agent = await startAgent(house, { maxBandwidth: 3_000_000 });
  await agent.until("llama", (model) => (model?.progress?.completedBytes ?? 0) > 2_000_000);
  await house.unwish("llama");
  const startedAt = performance.now();
  await agent.until("llama", (model) => model === undefined);
  assert.ok(performance.now() - startedAt < 3000, `${performance.now() - startedAt} ms`);
  assert.equal(await exists(join(house.root, "llama")), false);
  const sent = house.s3.counters.of("GetObject").sentBytes;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(house.s3.counters.of("GetObject").sentBytes, sent);
});

test("the bandwidth cap holds for all downloads together", options, async (t) => {
  const house = await agentHouse(t, { shards: 1, shardSize: 12_000_000 });
  const agent = await startAgent(house, { maxBandwidth: 6_000_000 });
  await Promise.all(["one", "two"].map((name) => house.wish(name)));
  await Promise.race(["one", "two"].map((name) => agent.until(name, (model) => model?.progress !== undefined)));
  const startedAt = performance.now();
  await Promise.all(["one", "two"].map((name) => agent.ready(name)));
  const seconds = (performance.now() - startedAt) / 1000;
  assert.ok(seconds > 3.2, `${seconds} s for 24 MB at 6 MB/s, a burst apart`);
});

test("stopping half-way and starting again continues", options, async (t) => {
  const house = await agentHouse(t, { shards: 1, shardSize: 40_000_000 });
  await house.wish("llama");
  const first = await startAgent(house, { maxBandwidth: 20_000_000, maxConnections: 1 });
  await first.until("llama", (model) => (model?.progress?.completedBytes ?? 0) > 20_000_000);
  await first.stop();
  const second = await startAgent(house);
  await second.ready("llama");
  const metrics = (await second.get("/metrics")).body;
  const resumed = Number(/model_agent_resumed_bytes_total (\d+)/.exec(metrics)?.[1]);
  assert.ok(resumed > 8_000_000, String(resumed));
});

test(
  "a bad manifest is reported with its line and stops nobody; a manifest that turned bad keeps its model",
  options,
  async (t) => {
    const house = await agentHouse(t);
    await house.wish("llama");
    await writeFile(join(house.manifests, "bad.yaml"), "apiVersion: ome.io/v1beta1\nkind: ClusterBaseModle\n");
    const agent = await startAgent(house);
    await agent.ready("llama");
    const problem = (await agent.status()).problems.find(({ file, line }) => file === "bad.yaml" && line !== 1);
    assert.match(problem?.message ?? "", /^kind is "ClusterBaseModle"; did you mean/);
    assert.equal(problem?.line, 2);
    await writeFile(join(house.manifests, "llama.yaml"), "kind: [\n");
    for (const startedAt = performance.now(); performance.now() - startedAt < 20_000; ) {
      if ((await agent.status()).problems.some(({ file }) => file === "llama.yaml")) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok((await agent.status()).problems.some(({ file }) => file === "llama.yaml"));
    assert.equal((await agent.ready("llama")).state, "Ready");
    assert.ok(await exists(join(house.root, "llama", "config.json")));
  },
);

test("a second agent on the root is told who holds it", options, async (t) => {
  const house = await agentHouse(t);
  await startAgent(house);
  await assert.rejects(startAgent(house), (error) => {
    assert.ok(isStorageError(error));
    assert.equal(error.code, "unavailable");
    assert.match(error.detail, new RegExp(`another agent \\(process ${process.pid} on `));
    return true;
  });
});

test("a source that does not exist fails with what to do, and says nothing of secrets", options, async (t) => {
  const house = await agentHouse(t);
  await house.wish("llama");
  const path = join(house.manifests, "llama.yaml");
  await writeFile(path, (await readFile(path, "utf8")).replace("s3://models/llama", "s3://models/nothing-here"));
  const agent = await startAgent(house);
  const failed = await agent.until("llama", (model) => model?.state === "Failed");
  assert.equal(failed?.reason, "NotFound");
  assert.equal(failed?.error?.failures, 1);
  assert.ok(!(await agent.get("/status")).body.includes("secret-of-the-tests"));
  await house.wish("llama");
  await agent.ready("llama");
});

test(
  "what was deleted while the agent was down is removed at its next start; an empty folder removes nothing",
  options,
  async (t) => {
    const house = await agentHouse(t);
    await house.wish("llama");
    await house.wish("second");
    const first = await startAgent(house);
    await first.ready("llama");
    await first.ready("second");
    await first.stop();
    await house.unwish("second");
    const second = await startAgent(house);
    await second.ready("llama");
    for (let turn = 0; turn < 200 && (await exists(join(house.root, "second"))); turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(await exists(join(house.root, "second")), false);
    await second.stop();
    await house.unwish("llama");
    const third = await startAgent(house);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await third.stop();
    assert.ok(await exists(join(house.root, "llama", "config.json")));
  },
);

test(
  "a model's first request comes after its place is in the status file, where an agent after this one finds it",
  options,
  async (t) => {
    const house = await agentHouse(t);
    const asked = new Map<string, boolean>();
    const server = createServer((request, response) => {
      const name = /(?:prefix=|^\/models\/)(\w+)/.exec(request.url ?? "")?.[1] ?? "";
      const status = parseStatus(readFileSync(join(house.root, ".model-agent", "status.json"), "utf8"));
      const known = status?.models.some(({ managed, path }) => managed && path === join(house.root, name)) ?? false;
      if (!asked.has(name)) asked.set(name, known);
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    house.atEnd(() => server.close());
    const { port } = server.address() as AddressInfo;
    await startAgent(house);
    const names = ["a", "b", "c"];
    for (const [index, name] of names.entries()) {
      const parameters = `{ endpoint: "http://127.0.0.1:${port}", region: us-east-1 }`;
      await writeFile(
        join(house.manifests, `${name}.yaml`),
        `apiVersion: ome.io/v1beta1
kind: ClusterBaseModel
metadata: { name: ${name} }
spec: { storage: { storageUri: "s3://models/${name}", path: "${join(house.root, name)}", parameters: ${parameters} } }
`,
      );
      while (asked.size <= index) await sleep(10);
    }
    assert.deepEqual(
      [...asked],
      names.map((name) => [name, true]),
    );
  },
);
