import assert from "node:assert/strict";
import { lstat, mkdir, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { bytesContent } from "../../../src/testing/content/index.ts";
import {
  type ClusterHouse,
  clusterHouse,
  collections,
  eventually,
  exists,
  untilEntry,
  untilLabel,
} from "../../support/cluster-house.ts";

const options = { timeout: 120_000 };
const [parent, child] = ["clusterbasemodel.parent", "clusterbasemodel.child"];

async function linkAt(path: string): Promise<string | undefined> {
  return (await lstat(path)).isSymbolicLink() ? readlink(path) : undefined;
}

/** `parent` brings llama; `child` wants the same content under another prefix and may share it. */
async function family(house: ClusterHouse): Promise<void> {
  house.putNode("n1");
  house.putModel("parent", { path: house.path("n1", "a", "parent") });
  await house.startNode("n1", { agent: { checkIntervalMs: 200 } });
  await untilEntry(house, "Ready", parent);
  house.s3.counters.reset();
  house.putModel("child", {
    path: house.path("n1", "child"),
    storageUri: "s3://models/qwen",
    downloadPolicy: "ReuseIfExists",
  });
  await untilEntry(house, "Ready", child);
  await untilLabel(house, "Ready", child);
}

test("equal content is there once, whatever its repository is called; the bookkeeping is OME's", options, async (t) => {
  const house = await clusterHouse(t);
  await family(house);
  assert.ok(house.s3.counters.of("GetObject").sentBytes < 1000);
  assert.equal(await linkAt(house.path("n1", "child")), "a/parent");
  assert.ok(await exists(house.path("n1", "child", "config.json")));
  const [parentPath, childPath] = [house.path("n1", "a", "parent"), house.path("n1", "child")];
  assert.deepEqual(house.entry("n1", child)?.config?.artifact, {
    sha: "",
    parentPath: { [parent]: parentPath },
    childrenPaths: null,
  });
  assert.equal(house.entry("n1", child)?.config?.modelType, "llama");
  await eventually(
    () => house.entry("n1", parent)?.config?.artifact,
    (artifact) => JSON.stringify(artifact?.childrenPaths) === JSON.stringify([childPath]),
    "the parent's children",
  );
  assert.deepEqual(house.entry("n1", parent)?.config?.artifact?.parentPath, { [parent]: parentPath });
  house.kubernetes.store.delete(collections.ClusterBaseModel, "child");
  await untilEntry(house, undefined, child);
  assert.ok(await exists(join(parentPath, "config.json")));
  assert.equal(await exists(childPath), false);
  await eventually(
    () => house.entry("n1", parent)?.config?.artifact?.childrenPaths,
    (children) => children === null,
    "the parent without children",
  );
});

test("a parent that is deleted leaves its files to its children; they go with the last of them", options, async (t) => {
  const house = await clusterHouse(t);
  await family(house);
  house.kubernetes.store.delete(collections.ClusterBaseModel, "parent");
  await untilEntry(house, undefined, parent);
  assert.ok(await exists(house.path("n1", "a", "parent", "config.json")));
  assert.ok(await exists(house.path("n1", "child", "config.json")));
  assert.equal(house.label("n1", child), "Ready");
  house.kubernetes.store.delete(collections.ClusterBaseModel, "child");
  await untilEntry(house, undefined, child);
  assert.equal(await exists(house.path("n1", "child")), false);
  assert.equal(await exists(house.path("n1", "a")), false);
});

test("a parent that gets other content hands the former over", options, async (t) => {
  const house = await clusterHouse(t);
  await family(house);
  await house.s3.putObject("models", "other/config.json", bytesContent('{"model_type":"bert","hidden_size":1}'));
  house.putModel("parent", { path: house.path("n1", "a", "parent"), storageUri: "s3://models/other" });
  await eventually(
    () => house.entry("n1", parent)?.config?.modelType,
    (type) => type === "bert",
    "the new content",
  );
  await untilLabel(house, "Ready", parent);
  assert.equal(await linkAt(house.path("n1", "child")), undefined);
  assert.ok(await exists(house.path("n1", "child", "model-00001-of-00002.safetensors")));
  assert.equal(await exists(house.path("n1", "a", "parent", "model-00001-of-00002.safetensors")), false);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(house.label("n1", child), "Ready");
  assert.ok(house.s3.counters.of("GetObject").sentBytes < 2000);
});

test("two models of one URI that come together are fetched once", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  for (const name of ["a", "b", "c"]) {
    house.putModel(name, { path: house.path("n1", name), downloadPolicy: "ReuseIfExists" });
  }
  await house.startNode("n1");
  for (const name of ["a", "b", "c"]) await untilEntry(house, "Ready", `clusterbasemodel.${name}`);
  assert.ok(house.s3.counters.of("GetObject").sentBytes < house.modelBytes + 10_000);
  const links = await Promise.all(["a", "b", "c"].map((name) => linkAt(house.path("n1", name))));
  assert.equal(links.filter((link) => link === undefined).length, 1);
});

test("without the policy nothing is shared, and a link that was there is replaced by files", options, async (t) => {
  const house = await clusterHouse(t);
  await family(house);
  house.putModel("child", { path: house.path("n1", "child"), storageUri: "s3://models/qwen" });
  await eventually(
    () => linkAt(house.path("n1", "child")).catch(() => "gone"),
    (link) => link === undefined,
    "files of its own",
  );
  await untilEntry(house, "Ready", child);
  await eventually(
    () => house.entry("n1", child)?.config?.artifact?.parentPath,
    (path) => path === null,
    "a record of its own",
  );
  house.kubernetes.store.delete(collections.ClusterBaseModel, "child");
  await untilEntry(house, undefined, child);
  assert.ok(await exists(house.path("n1", "a", "parent", "config.json")));
});

test(
  "links that OME's agent made are taken over with what they lead to, and nothing is fetched",
  options,
  async (t) => {
    const house = await clusterHouse(t);
    house.putNode("n1");
    house.putModel("parent", { path: house.path("n1", "parent") });
    const first = await house.startNode("n1");
    await untilEntry(house, "Ready", parent);
    await first.stop();
    await symlink("parent", house.path("n1", "child"));
    house.putModel("child", { path: house.path("n1", "child"), downloadPolicy: "ReuseIfExists" });
    const map = house.object(collections.maps, "ome/n1");
    assert.ok(map !== undefined);
    house.kubernetes.put(collections.maps, {
      ...map,
      data: { ...house.data("n1"), [child]: '{"name":"child","status":"Ready"}' },
    });
    const node = house.object(collections.nodes, "n1");
    assert.ok(node !== undefined);
    const labels = { ...node.metadata.labels, "models.ome.io/clusterbasemodel.child": "Ready" };
    house.kubernetes.put(collections.nodes, { ...node, metadata: { ...node.metadata, labels } });
    const states: (string | undefined)[] = [];
    house.kubernetes.store.onChange(() => {
      const label = house.label("n1", child);
      if (states.at(-1) !== label) states.push(label);
    });
    house.s3.counters.reset();
    await house.startNode("n1");
    await eventually(
      () => house.entry("n1", child)?.config?.artifact?.parentPath,
      (path) => path?.[parent] === house.path("n1", "parent"),
      "the bookkeeping",
    );
    assert.deepEqual(states, ["Ready"]);
    assert.equal(await linkAt(house.path("n1", "child")), "parent");
    assert.ok(house.s3.counters.of("GetObject").sentBytes < 1000);
  },
);

test("what is shared stays shared after a restart, without a request", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  for (const name of ["a", "b"])
    house.putModel(name, { path: house.path("n1", name), downloadPolicy: "ReuseIfExists" });
  const first = await house.startNode("n1");
  for (const name of ["a", "b"]) await untilEntry(house, "Ready", `clusterbasemodel.${name}`);
  await first.stop();
  house.s3.counters.reset();
  const second = await house.startNode("n1");
  for (const name of ["a", "b"]) await second.ready(name);
  assert.equal(house.s3.counters.total.requests, 0);
});

test("a place with files of others is not linked over", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  house.putModel("parent", { path: house.path("n1", "parent") });
  await mkdir(house.path("n1", "child", "notes"), { recursive: true });
  const agent = await house.startNode("n1");
  await untilEntry(house, "Ready", parent);
  house.putModel("child", { path: house.path("n1", "child"), downloadPolicy: "ReuseIfExists" });
  await agent.ready("child");
  assert.equal(await linkAt(house.path("n1", "child")), undefined);
  assert.ok(await exists(house.path("n1", "child", "notes")));
});
