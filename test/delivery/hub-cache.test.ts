import assert from "node:assert/strict";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DeliveryRequest } from "../../src/delivery/delivery-types.ts";
import { deliverToHubCache, planHubCache } from "../../src/delivery/hub-cache.ts";
import { readProof } from "../../src/store/proof.ts";
import { generatedModel } from "../../src/testing/content/index.ts";
import { type FakeHub, type FakeHubQuirks, startFakeHub } from "../../src/testing/fake-hub/index.ts";
import { runCommand } from "../support/cli.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";

const model = { ...generatedModel({ seed: 2, shards: 2, shardSize: 200_000 }), "sub/extra.txt": "extra" };

async function startHub(t: TestContext, quirks: FakeHubQuirks = {}): Promise<FakeHub> {
  const hub = await startFakeHub({ quirks });
  t.after(() => hub.close());
  return hub;
}

function request(hub: FakeHub, cache: string, storageUri: string, parameters = {}): DeliveryRequest {
  return { source: { storageUri, parameters, env: { HOME: cache, HF_ENDPOINT: hub.url } }, destination: cache };
}

test("a model lies in the cache at its commit, proven, and its branch leads to it", async (t) => {
  const hub = await startHub(t);
  const cache = await scratchDirectory(t);
  const commit = hub.commit("org/model", model);
  const result = await deliverToHubCache(request(hub, cache, "hf://org/model"));
  const repository = join(cache, "models--org--model");
  const snapshot = join(repository, "snapshots", commit);
  assert.equal(result.destination, snapshot);
  assert.equal(await readFile(join(repository, "refs/main"), "utf8"), commit);
  assert.equal(await readFile(join(snapshot, "sub/extra.txt"), "utf8"), "extra");
  assert.ok((await lstat(join(snapshot, "config.json"))).isFile());
  assert.equal((await readProof(snapshot))?.request.uri, `hf://org/model@${commit}`);

  const again = await deliverToHubCache(request(hub, cache, "hf://org/model"));
  assert.deepEqual([again.unchanged, again.destination], [true, snapshot]);
});

test("two commits lie side by side, and the branch leads to the newer one", async (t) => {
  const hub = await startHub(t);
  const cache = await scratchDirectory(t);
  const first = hub.commit("org/model", model);
  await deliverToHubCache(request(hub, cache, "hf://org/model"));
  const second = hub.commit("org/model", { "README.md": "new" });
  await deliverToHubCache(request(hub, cache, "hf://org/model"));
  const repository = join(cache, "models--org--model");
  assert.deepEqual((await readdir(join(repository, "snapshots"))).sort(), [first, second].sort());
  assert.equal(await readFile(join(repository, "refs/main"), "utf8"), second);
});

test("datasets, pull requests, branches with slashes and commits have their places", async (t) => {
  const hub = await startHub(t);
  const cache = await scratchDirectory(t);
  const dataset = hub.createRepository({ name: "org/data", type: "dataset" });
  const data = dataset.commit({ "a.csv": "1" }, "main");
  const repository = hub.createRepository("org/model");
  const proposed = repository.commit({ a: "1" }, "refs/pr/7");
  const branch = repository.commit({ b: "1" }, "feature/x");
  await deliverToHubCache(request(hub, cache, "hf://datasets/org/data"));
  await deliverToHubCache(request(hub, cache, "hf://org/model@refs/pr/7"));
  await deliverToHubCache(request(hub, cache, "hf://org/model@feature/x"));
  await deliverToHubCache(request(hub, cache, `hf://org/model@${repository.resolve("main")}`));
  const read = (path: string) => readFile(join(cache, path), "utf8");
  assert.equal(await read("datasets--org--data/refs/main"), data);
  assert.equal(await read("models--org--model/refs/refs/pr/7"), proposed);
  assert.equal(await read("models--org--model/refs/feature/x"), branch);
  assert.deepEqual((await readdir(join(cache, "models--org--model/refs"))).sort(), ["feature", "refs"]);
});

test("a branch leads nowhere until its model is proven", async (t) => {
  const hub = await startHub(t);
  const cache = await scratchDirectory(t);
  hub.commit("org/model", { ...model, "model-00001-of-00002.safetensors": undefined });
  await assert.rejects(deliverToHubCache(request(hub, cache, "hf://org/model")), { code: "incomplete_model" });
  await assert.rejects(stat(join(cache, "models--org--model/refs/main")), { code: "ENOENT" });
});

test("what the parameters select is what lies there, and planning changes nothing", async (t) => {
  const hub = await startHub(t);
  const cache = await scratchDirectory(t);
  const commit = hub.commit("org/model", model);
  const wanted = request(hub, cache, "hf://org/model", { include: "*.json" });
  const plan = await planHubCache(wanted);
  assert.equal(plan.files.length, 4);
  assert.deepEqual(await readdir(cache), []);
  await deliverToHubCache(wanted);
  const names = await readdir(join(cache, "models--org--model/snapshots", commit));
  assert.deepEqual(names.filter((name) => name !== ".model-agent").length, 4);
});

test("what is no whole repository, or tells no commit, is refused before anything is written", async (t) => {
  const hub = await startHub(t, { noRevisionApi: true, noRepoCommit: true });
  const cache = await scratchDirectory(t);
  hub.commit("org/model", model);
  const refused = (uri: string) => deliverToHubCache(request(hub, cache, uri));
  await assert.rejects(refused("hf://org/model@main/sub"), { code: "config_invalid" });
  await assert.rejects(refused(`local://${cache}`), { code: "config_invalid" });
  await assert.rejects(refused("hf://org/model"), { code: "unsupported" });
  assert.deepEqual(await readdir(cache), []);
});

test("the command line delivers into a cache, and shows where", async (t) => {
  const hub = await startHub(t);
  const cache = await scratchDirectory(t);
  const commit = hub.commit("org/model", model);
  const args = ["pull", "hf://org/model", cache, "--layout", "hf-cache"];
  const run = await runCommand(args, { env: { HOME: cache, HF_ENDPOINT: hub.url } });
  assert.equal(run.code, 0, run.stderr);
  assert.equal(run.stdout, `${join(cache, "models--org--model/snapshots", commit)}\n`);
  const dry = await runCommand([...args, "--dry-run"], { env: { HOME: cache, HF_ENDPOINT: hub.url } });
  assert.equal(dry.code, 0, dry.stderr);
});
