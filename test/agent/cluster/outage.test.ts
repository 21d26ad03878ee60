import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  clusterHouse,
  collections,
  eventually,
  exists,
  readyHouse,
  untilEntry,
  untilLabel,
} from "../../support/cluster-house.ts";
import { recordingLogger } from "../../support/recording-logger.ts";

const options = { timeout: 120_000 };
const llama = "clusterbasemodel.llama";

test(
  "an API server that goes away during a download disturbs no byte; the newest state is written when it is back",
  options,
  async (t) => {
    const house = await clusterHouse(t, { shards: 2, shardSize: 2_000_000 });
    house.putNode("n1");
    house.putModel("llama", { path: house.path("n1", "llama") });
    const logger = recordingLogger();
    const agent = await house.startNode("n1", { logger, agent: { tuning: { maxBandwidth: 2_000_000 } } });
    await untilLabel(house, "Updating");
    house.kubernetes.intercept = () => "reset";
    house.kubernetes.cutWatches();
    await agent.ready("llama");
    assert.equal(house.label("n1", llama), "Updating");
    assert.equal((await agent.get("/healthz")).body, "ok");
    await sleep(500);
    house.kubernetes.requests.length = 0;
    house.kubernetes.intercept = undefined;
    await untilLabel(house, "Ready");
    await untilEntry(house, "Ready");
    const values = house.kubernetes.requests
      .filter(({ method, path }) => method === "PATCH" && path.includes("/nodes/"))
      .map(({ body }) => (body as { value: string }[])[0]?.value);
    assert.deepEqual(values, ["Ready"]);
    assert.ok(
      logger.lines.some(({ message }) => message.startsWith("the node's labels and ConfigMap cannot be written")),
    );
  },
);

test("an agent that starts while the API server is away touches nothing and answers probes", options, async (t) => {
  const { house, agent } = await readyHouse(t);
  await agent.stop();
  house.kubernetes.intercept = () => ({ status: 503, body: { message: "starting" } });
  const again = await house.startNode("n1");
  assert.equal((await again.get("/livez")).body, "ok");
  assert.equal((await again.get("/healthz")).body, "ok");
  await sleep(1000);
  assert.ok(await exists(house.path("n1", "llama", "config.json")));
  house.kubernetes.intercept = undefined;
  assert.equal((await again.ready("llama")).state, "Ready");
  assert.equal(house.label("n1", llama), "Ready");
});

test("conflicts, refusals and slow-downs of the API server are waited out", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  house.putModel("llama", { path: house.path("n1", "llama") });
  const left = new Map([
    ["PATCH", 2],
    ["POST", 3],
    ["PUT", 4],
  ]);
  house.kubernetes.intercept = ({ method, path }) => {
    const more = left.get(method) ?? 0;
    if (more <= 0 || path.includes("leases") || path.includes("events")) return undefined;
    left.set(method, more - 1);
    if (method === "PATCH")
      return { status: 429, headers: { "retry-after": "1" }, body: { reason: "TooManyRequests" } };
    return { status: 409, body: { reason: "Conflict", message: "the object has been modified" } };
  };
  await house.startNode("n1");
  await untilEntry(house, "Ready");
  await untilLabel(house, "Ready");
  await eventually(
    () => house.object(collections.ClusterBaseModel, "llama")?.["spec"] as Record<string, unknown>,
    (spec) => spec["modelConfiguration"] !== undefined,
    "the fields",
  );
});

test("somebody who writes to the map all the time loses nothing and brings nothing back", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  for (const name of ["a", "b", "c", "d"]) house.putModel(name, { path: house.path("n1", name) });
  await house.startNode("n1");
  await untilEntry(house, "Ready", "clusterbasemodel.a");
  let writes = 0;
  let writing = true;
  const rival = (async () => {
    for (; writing; writes += 1) {
      const map = house.object(collections.maps, "ome/n1");
      if (map !== undefined) {
        house.kubernetes.put(collections.maps, { ...map, data: { ...house.data("n1"), rival: String(writes) } });
      }
      await sleep(5);
    }
  })();
  for (const name of ["a", "b"]) {
    house.kubernetes.store.delete(collections.ClusterBaseModel, name);
    await untilEntry(house, undefined, `clusterbasemodel.${name}`);
  }
  for (const name of ["c", "d"]) await untilEntry(house, "Ready", `clusterbasemodel.${name}`);
  await sleep(500);
  writing = false;
  await rival;
  assert.deepEqual(Object.keys(house.data("n1")).sort(), ["clusterbasemodel.c", "clusterbasemodel.d", "rival"]);
  assert.equal(house.data("n1")["rival"], String(writes - 1));
});

test("labels that may not be written do not keep the map from being written", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  house.putModel("llama", { path: house.path("n1", "llama") });
  house.kubernetes.intercept = ({ method, path }) =>
    method === "PATCH" && path.includes("/nodes/")
      ? { status: 403, body: { reason: "Forbidden", message: "nodes is forbidden", code: 403 } }
      : undefined;
  await house.startNode("n1");
  await untilEntry(house, "Ready");
  house.kubernetes.intercept = undefined;
  await untilLabel(house, "Ready");
});

test("an agent whose predecessor still runs answers probes, waits, and takes over", options, async (t) => {
  const { house, agent } = await readyHouse(t);
  const successor = await house.startNode("n1");
  assert.equal((await successor.get("/livez")).body, "ok");
  await sleep(300);
  assert.deepEqual((await successor.status()).models, []);
  await agent.stop();
  assert.equal((await successor.ready("llama")).state, "Ready");
  assert.equal(house.label("n1", llama), "Ready");
});
