import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterHouse, collections, configuration, denyBeyondOme, eventually } from "../../support/cluster-house.ts";
import { startLightAgent } from "../../support/light-agent.ts";

const agents = 50;
const models = ["a", "b", "c", "d", "e", "f"];

test("fifty agents that start together ask an amount that grows with agents and models, and no more", {
  timeout: 180_000,
}, async (t) => {
  const house = await clusterHouse(t);
  house.kubernetes.intercept = denyBeyondOme;
  const nodes = Array.from({ length: agents }, (_, index) => `n${index}`);
  for (const node of nodes) house.putNode(node);
  for (const name of models) house.putModel(name, { storageUri: "s3://models/llama" });
  const connection = {
    server: house.kubernetes.url,
    namespace: "ome",
    access: async () => ({ headers: {}, rejectUnauthorized: true }),
  };
  const running = await Promise.all(
    nodes.map((nodeName) =>
      startLightAgent({
        ...{ connection, nodeName, root: house.path(nodeName), env: house.env, startSpreadMs: 2_000 },
        files: { "config.json": JSON.stringify(configuration) },
      }),
    ),
  );
  try {
    await eventually(
      () =>
        nodes.filter((node) =>
          models.every((name) => house.entry(node, `clusterbasemodel.${name}`)?.status === "Ready"),
        ).length,
      (ready) => ready === agents,
      "every model Ready on every node",
    );
    const spec = (name: string) => house.object(collections.ClusterBaseModel, name)?.["spec"] as object;
    await eventually(
      () => models.filter((name) => "modelConfiguration" in spec(name)).length,
      (filled) => filled === models.length,
      "every model's object filled in",
    );
    for (const node of nodes) {
      const wrong = models.filter((name) => house.label(node, `clusterbasemodel.${name}`) !== "Ready");
      assert.deepEqual(wrong, []);
    }
  } finally {
    await Promise.all(running.map((agent) => agent.stop()));
  }
  const { requests } = house.kubernetes;
  const count = (matches: (request: (typeof requests)[number]) => boolean): number => requests.filter(matches).length;
  const reads = count(({ method, watch }) => method === "GET" && !watch);
  assert.ok(count(({ watch }) => watch) <= agents * 3, "one watch per collection and agent");
  const specs = count(({ method, path }) => method === "PUT" && path.startsWith(collections.ClusterBaseModel));
  assert.ok(specs >= models.length && specs <= models.length * 5, `${specs} writes of specs`);
  // Three lists, the node's own map, and each written spec once.
  assert.ok(reads <= agents * (4 + specs) + specs * 8, `${reads} reads`);
  const labels = count(({ method, path }) => method === "PATCH" && path.startsWith(`${collections.nodes}/`));
  const maps = count(({ method, path }) => method !== "GET" && path.includes("/configmaps"));
  assert.ok(labels <= agents * 12, `${labels} writes of labels`);
  assert.ok(maps <= agents * 12, `${maps} writes of maps`);
  const { requests: stored } = house.s3.counters.total;
  assert.ok(stored <= agents * models.length * (house.modelFiles + 3), `${stored} requests to the store`);
});
