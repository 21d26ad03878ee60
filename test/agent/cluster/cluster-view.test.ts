import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterView } from "../../../src/agent/cluster/cluster-view.ts";
import { readModelObject } from "../../../src/agent/cluster/model-object.ts";
import type { FoundModel } from "../../../src/agent/scout/found-model.ts";

interface ObjectOptions {
  readonly selector?: Record<string, string>;
  readonly storage?: Record<string, unknown>;
  readonly spec?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
}

const object = (name: string, { selector, storage, spec, metadata }: ObjectOptions = {}) =>
  readModelObject("ClusterBaseModel", {
    metadata: { name, uid: `uid-${name}`, resourceVersion: "1", ...metadata },
    spec: {
      ...spec,
      storage: {
        storageUri: `s3://b/${name}`,
        path: `/m/${name}`,
        ...(selector && { nodeSelector: selector }),
        ...storage,
      },
    },
  });
const key = (name: string): string => `clusterbasemodel/${name}`;
const names = (found: readonly FoundModel[]): readonly string[] => found.map((model) => model.key);

function view(graceMs = 1_000): ClusterView {
  const made = new ClusterView({
    ...{ nodeName: "n1", semantics: "kubernetes", graceMs },
    instanceTypes: new Map([["big", "H100"]]),
  });
  made.setNode({ gpu: "h100" });
  return made;
}

test("models that select the node are shown once, and again only when something about them matters", () => {
  const cluster = view();
  cluster.put(object("a"));
  cluster.put(object("b", { selector: { gpu: "a10" } }));
  const first = cluster.next(0);
  assert.deepEqual([names(first.changed), first.gone, first.complete], [[key("a")], [], true]);
  cluster.put(object("a", { spec: { modelType: "llama", maxTokens: 7 }, metadata: { resourceVersion: "2" } }));
  assert.ok(cluster.next(1).empty);
  cluster.put(object("a", { storage: { path: "/m/other" } }));
  assert.deepEqual(names(cluster.next(2).changed), [key("a")]);
  cluster.put(object("a", { storage: { path: "/m/other", downloadPolicy: "ReuseIfExists" } }));
  assert.deepEqual(names(cluster.next(3).changed), [key("a")]);
});

test("an empty cluster is no certainty that nothing is wished for", () => {
  assert.equal(view().next(0).complete, false);
});

test("a spec that ceases to select the node takes effect at once, labels of the node after the grace", () => {
  const cluster = view();
  cluster.put(object("a", { selector: { gpu: "h100" } }));
  cluster.put(object("b", { selector: { gpu: "h100" } }));
  cluster.next(0);
  cluster.put(object("a", { selector: { gpu: "a10" } }));
  assert.deepEqual(cluster.next(1).gone, [key("a")]);
  assert.equal(cluster.setNode({}), true);
  const waiting = cluster.next(2);
  assert.deepEqual([waiting.gone, waiting.lookAgainMs], [[], 1_000]);
  assert.deepEqual(cluster.next(1_001).gone, []);
  assert.deepEqual(cluster.next(1_002).gone, [key("b")]);
});

test("labels that come back in time change nothing, and the grace begins anew", () => {
  const cluster = view();
  cluster.put(object("a", { selector: { gpu: "h100" } }));
  cluster.next(0);
  cluster.setNode({});
  cluster.next(10);
  cluster.setNode({ gpu: "h100" });
  assert.ok(cluster.next(500).empty);
  cluster.setNode({});
  assert.deepEqual(cluster.next(1_100).gone, []);
  assert.deepEqual(cluster.next(2_100).gone, [key("a")]);
});

test("the agent's own labels on the node are nothing new", () => {
  const cluster = view();
  assert.equal(cluster.setNode({ gpu: "h100", "models.ome.io/clusterbasemodel.a": "Ready" }), false);
});

test("a model under deletion is gone at once, with its last word on keeping files", () => {
  const cluster = view();
  cluster.put(object("a"));
  cluster.next(0);
  const labels = { "models.ome/reserve-model-artifact": "true" };
  cluster.put(object("a", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", labels } }));
  const batch = cluster.next(1);
  assert.deepEqual([names(batch.changed), batch.gone], [[key("a")], [key("a")]]);
  cluster.remove(key("a"));
  assert.ok(cluster.next(2).empty);
});

test("a model that is replaced by one of the same name and other identity is not gone", () => {
  const cluster = view();
  cluster.put(object("a"));
  cluster.next(0);
  cluster.remove(key("a"));
  cluster.put(object("a", { metadata: { uid: "other" } }));
  const batch = cluster.next(1);
  assert.deepEqual([names(batch.changed), batch.gone], [[key("a")], []]);
});

test("at the start: what has an entry and is not wished for goes; what has none only if it is proven", () => {
  const cluster = view();
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  cluster.put(object("deleting", { metadata: { deletionTimestamp } }));
  cluster.put(object("unknown", { metadata: { deletionTimestamp } }));
  cluster.put(object("elsewhere", { selector: { gpu: "a10" } }));
  cluster.put(object("never", { selector: { gpu: "a10" } }));
  cluster.put(object("here"));
  const entries = new Set(["deleting", "elsewhere", "here"]);
  const first = cluster.next(0, ({ name }) => entries.has(name));
  assert.deepEqual(
    first.orphans.map(({ found, onlyProven }) => [found.key, onlyProven]),
    [[key("deleting"), false]],
  );
  assert.deepEqual(first.undecided, [key("elsewhere"), key("never")]);
  assert.deepEqual(
    cluster.expected().map(({ name }) => name),
    ["elsewhere", "never", "here"],
  );
  const [here] = first.changed;
  assert.ok(here !== undefined && "manifest" in here);
  assert.equal(here.inherited, true);
  const later = cluster.next(1_000);
  assert.deepEqual(
    later.orphans.map(({ found, onlyProven }) => [found.key, onlyProven]),
    [
      [key("elsewhere"), false],
      [key("never"), true],
    ],
  );
});

test("a model that was never wished for here and is deleted leaves only what is proven to be its own", () => {
  const cluster = view();
  cluster.put(object("a", { selector: { gpu: "a10" } }));
  cluster.next(0);
  cluster.next(2_000);
  cluster.remove(key("a"));
  const batch = cluster.next(2_001);
  assert.deepEqual(
    batch.orphans.map(({ found, onlyProven }) => [found.key, onlyProven]),
    [[key("a"), true]],
  );
  assert.ok(cluster.next(2_002).empty);
});

test("disabled models and volumes are not expected to have a label here", () => {
  const cluster = view();
  cluster.put(object("off", { spec: { disabled: true } }));
  cluster.put(object("volume", { storage: { storageUri: "pvc://claim/x" } }));
  cluster.next(0);
  assert.deepEqual(cluster.expected(), []);
});

test("an object that cannot be read is shown with what is wrong, on the nodes that it selects", () => {
  const cluster = view();
  cluster.put(object("bad", { storage: { storageUri: 7, nodeSelector: { gpu: "h100" } } }));
  cluster.put(object("other", { storage: { storageUri: 7, nodeSelector: { gpu: "a10" } } }));
  const [found, ...more] = cluster.next(0).changed;
  assert.deepEqual(more, []);
  assert.ok(found !== undefined && "refusal" in found);
  assert.equal(found.refusal.code, "config_invalid");
  assert.match(found.refusal.message, /ClusterBaseModel bad: spec\.storage\.storageUri/);
});

test("engines for accelerators carry the node's shape, and follow it", () => {
  const cluster = view();
  cluster.put(object("a", { spec: { modelFormat: { name: "tensorrtllm" } } }));
  cluster.setNode({ "node.kubernetes.io/instance-type": "big" });
  const [first] = cluster.next(0).changed;
  assert.ok(first !== undefined && "manifest" in first);
  assert.equal(first.shape, "H100");
  cluster.setNode({ "beta.kubernetes.io/instance-type": "small" });
  const [second] = cluster.next(1).changed;
  assert.ok(second !== undefined && "manifest" in second);
  assert.equal(second.shape, "small");
});

test("who else names a directory is known, wished for here or not", () => {
  const cluster = view();
  cluster.put(object("a"));
  cluster.put(object("b", { selector: { gpu: "a10" }, storage: { path: "/m//a/" } }));
  assert.equal(cluster.userOf("/m/a", key("a")), key("b"));
  cluster.remove(key("b"));
  assert.equal(cluster.userOf("/m/a", key("a")), undefined);
});
