import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  clusterHouse,
  collections,
  denyBeyondOme,
  eventually,
  exists,
  readyHouse,
  untilEntry,
  untilLabel,
} from "../../support/cluster-house.ts";
import { recordingLogger } from "../../support/recording-logger.ts";

const options = { timeout: 120_000 };
const llama = "clusterbasemodel.llama";
/** Long enough for a state in between to be told, which is otherwise left out when the next one is there already. */
const slowly = { agent: { tuning: { maxBandwidth: 500_000 } } };

test("a model's object becomes files, a label, an entry and filled-in fields", options, async (t) => {
  const { house, agent } = await readyHouse(t, slowly);
  assert.ok((await readdir(join(agent.root, "llama"))).includes("config.json"));
  const map = house.object(collections.maps, "ome/n1");
  assert.deepEqual(map?.metadata.labels, { "models.ome/basemodel-status": "true", node: "n1" });
  assert.equal(map?.metadata.annotations?.["models.ome.io/node-name"], "n1");
  assert.equal(map?.metadata.annotations?.["models.ome.io/managed-by"], "model-agent");
  const text = house.data("n1")[llama] ?? "";
  assert.ok(text.startsWith('{"name":"llama","status":"Ready","config":{"modelType":"llama",'), text);
  assert.ok(text.endsWith('"artifact":{"sha":"","parentPath":null,"childrenPaths":null}}}'), text);
  const spec = await eventually(
    () => house.object(collections.ClusterBaseModel, "llama")?.["spec"] as Record<string, unknown>,
    (found) => found["modelConfiguration"] !== undefined,
    "the fields",
  );
  assert.equal(spec["modelType"], "llama");
  assert.deepEqual(spec["modelFormat"], { name: "safetensors", version: "1.0.0" });
  assert.equal(spec["maxTokens"], undefined);
  const writes = house.kubernetes.requests.filter(({ method, path }) => method === "PATCH" && path.includes("/nodes/"));
  assert.deepEqual(
    writes.map(({ body }) => (body as { value: string }[])[0]?.value),
    ["Updating", "Ready"],
  );
  const metrics = (await agent.get("/metrics")).body;
  assert.match(metrics, /model_agent_configmap_operations_total\{operation="create",result="success"\} 1/);
  assert.match(metrics, /model_agent_kubernetes_requests_total\{method="PATCH",code="200"\} [1-9]/);
});

test(
  "with no right but those of OME's chart everything works, and each missing right is one line",
  options,
  async (t) => {
    const house = await clusterHouse(t);
    house.kubernetes.intercept = denyBeyondOme;
    house.putNode("n1");
    house.putModel("llama", { path: house.path("n1", "llama") });
    house.putModel("qwen", { path: house.path("n1", "qwen"), storageUri: "s3://models/nothing" });
    const logger = recordingLogger();
    await house.startNode("n1", { logger });
    await untilLabel(house, "Ready");
    await untilLabel(house, "Failed", "clusterbasemodel.qwen");
    const texts = logger.lines.map((line) => line.message);
    assert.equal(texts.filter((text) => text.startsWith("events are not written")).length, 1);
    assert.equal(texts.filter((text) => text.startsWith("no Lease is kept")).length, 1);
  },
);

test(
  "where events are allowed there is one for each transition, and a failure tells what to do",
  options,
  async (t) => {
    const { house } = await readyHouse(t, slowly);
    house.putModel("bad", { path: house.path("n1", "bad"), storageUri: "s3://models/nothing" });
    await untilLabel(house, "Failed", "clusterbasemodel.bad");
    const events = await eventually(
      () => house.kubernetes.store.list(collections.events),
      (found) => found.length >= 3,
      "three events",
    );
    const told = events.map(({ regarding, reason, type }) => [(regarding as { name: string }).name, reason, type]);
    assert.deepEqual(told.sort(), [
      ["bad", "NotFound", "Warning"],
      ["llama", "DownloadCompleted", "Normal"],
      ["llama", "DownloadStarted", "Normal"],
    ]);
    assert.equal(house.object(collections.leases, "ome/model-agent.n1")?.metadata.name, "model-agent.n1");
  },
);

test("a deleted model loses its files, then its label and key; only then it may go", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1");
  const finalizers = ["clusterbasemodels.ome.io/finalizer"];
  house.putModel("llama", { path: house.path("n1", "llama") }, {}, { finalizers });
  house.putModel("qwen", { path: house.path("n1", "qwen"), storageUri: "s3://models/qwen" });
  const agent = await house.startNode("n1");
  await untilEntry(house, "Ready");
  await untilEntry(house, "Ready", "clusterbasemodel.qwen");
  const seen: string[] = [];
  house.kubernetes.store.onChange(() => {
    const [files, label, key] = [true, house.label("n1", llama) !== undefined, house.entry("n1", llama) !== undefined];
    const now = `${files}${label}${key}`;
    if (seen.at(-1) !== now) seen.push(now);
  });
  house.kubernetes.store.delete(collections.ClusterBaseModel, "llama");
  await untilLabel(house, undefined);
  await untilEntry(house, undefined);
  assert.equal(await exists(join(agent.root, "llama")), false);
  assert.equal(await exists(join(agent.root, "qwen", "config.json")), true);
  assert.ok(!seen.includes("truetruefalse"), `the label goes first: ${seen}`);
  assert.equal(house.label("n1", "clusterbasemodel.qwen"), "Ready");
});

test(
  "the reserve label keeps the files of a deleted model, also when it comes with the deletion",
  options,
  async (t) => {
    const { house, agent } = await readyHouse(t);
    const object = house.object(collections.ClusterBaseModel, "llama");
    assert.ok(object !== undefined);
    house.kubernetes.put(collections.ClusterBaseModel, {
      ...object,
      metadata: {
        ...object.metadata,
        labels: { "models.ome/reserve-model-artifact": "True" },
        finalizers: ["clusterbasemodels.ome.io/finalizer"],
        deletionTimestamp: "2026-01-01T00:00:00Z",
      },
    });
    await untilLabel(house, undefined);
    await untilEntry(house, undefined);
    assert.ok(await exists(join(agent.root, "llama", "config.json")));
  },
);

test("a model in the middle of its download is deleted at once, and nothing of it comes back", options, async (t) => {
  const house = await clusterHouse(t, { shards: 2, shardSize: 8_000_000 });
  house.putNode("n1");
  house.putModel("llama", { path: house.path("n1", "llama") });
  const agent = await house.startNode("n1", { agent: { tuning: { maxBandwidth: 2_000_000 } } });
  await eventually(
    () => house.entry("n1", llama)?.progress?.completedBytes ?? 0,
    (bytes) => bytes > 1_000_000,
    "progress",
  );
  assert.equal(house.entry("n1", llama)?.progress?.phase, "downloading");
  house.kubernetes.store.delete(collections.ClusterBaseModel, "llama");
  const startedAt = performance.now();
  await untilEntry(house, undefined);
  await untilLabel(house, undefined);
  assert.ok(performance.now() - startedAt < 3000, `${performance.now() - startedAt} ms`);
  assert.equal(await exists(join(agent.root, "llama")), false);
  await new Promise((resolve) => setTimeout(resolve, 800));
  assert.equal(house.entry("n1", llama), undefined);
  assert.equal(house.label("n1", llama), undefined);
});

test("progress is told now and then, with whole numbers, and cleared at the end", options, async (t) => {
  const house = await clusterHouse(t, { shards: 2, shardSize: 3_000_000 });
  house.putNode("n1");
  house.putModel("llama", { path: house.path("n1", "llama") });
  const told: unknown[] = [];
  house.kubernetes.store.onChange(() => {
    const progress = house.entry("n1", llama)?.progress;
    if (progress !== undefined && JSON.stringify(progress) !== JSON.stringify(told.at(-1))) told.push(progress);
  });
  const startedAt = performance.now();
  await house.startNode("n1", { progressIntervalMs: 500, agent: { tuning: { maxBandwidth: 2_000_000 } } });
  await untilEntry(house, "Ready");
  const seconds = (performance.now() - startedAt) / 1000;
  assert.equal(house.entry("n1", llama)?.progress, undefined);
  assert.ok(told.length >= 2 && told.length <= seconds * 2 + 3, `${told.length} in ${seconds} s`);
  for (const progress of told as Record<string, number>[]) {
    assert.ok(Number.isInteger(progress["completedBytes"]) && Number(progress["completedBytes"]) >= 0);
    assert.ok(Number(progress["completedBytes"]) <= Number(progress["totalBytes"]));
  }
});

test("a restart keeps a Ready model Ready, without a write or a byte", options, async (t) => {
  const { house, agent } = await readyHouse(t);
  await eventually(
    () => house.object(collections.ClusterBaseModel, "llama")?.["spec"] as Record<string, unknown>,
    (found) => found["modelConfiguration"] !== undefined,
    "the fields",
  );
  await agent.stop();
  house.s3.counters.reset();
  house.kubernetes.requests.length = 0;
  const again = await house.startNode("n1");
  await again.ready("llama");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(house.s3.counters.total.requests, 0);
  const writes = house.kubernetes.requests.filter(({ method, path }) => method !== "GET" && !path.includes("/leases"));
  assert.deepEqual(writes, []);
});

test("what OME's agent downloaded is adopted: verified, not fetched, Ready all the time", options, async (t) => {
  const house = await clusterHouse(t);
  const place = house.path("n1", "llama");
  await mkdir(place, { recursive: true });
  house.putNode("first");
  house.putModel("llama", { path: house.path("first", "llama") });
  const first = await house.startNode("first");
  await untilLabel(house, "Ready", llama, "first");
  await first.stop();
  // The bytes as another tool would have left them, and what OME's agent would have said of them.
  for (const name of await readdir(house.path("first", "llama"))) {
    if (name === ".model-agent") continue;
    await writeFile(join(place, name), await readFile(house.path("first", "llama", name)));
  }
  house.kubernetes.put(collections.nodes, {
    metadata: { name: "n1", labels: { "models.ome.io/clusterbasemodel.llama": "Ready" } },
  });
  house.kubernetes.put(collections.maps, {
    metadata: { name: "n1", namespace: "ome", labels: { "models.ome/basemodel-status": "true", node: "n1" } },
    data: { [llama]: '{"name":"llama","status":"Ready","config":{"modelType":"llama"}}' },
  });
  house.putModel("llama", { path: place });
  const states: (string | undefined)[] = [];
  house.kubernetes.store.onChange(() => {
    const now = `${house.label("n1", llama)} ${house.entry("n1", llama)?.status}`;
    if (states.at(-1) !== now) states.push(now);
  });
  house.s3.counters.reset();
  const agent = await house.startNode("n1");
  await agent.ready("llama");
  await eventually(
    () => house.entry("n1", llama)?.config?.modelArchitecture,
    (text) => text === "LlamaForCausalLM",
    "the configuration",
  );
  assert.ok(house.s3.counters.of("GetObject").sentBytes < 1000);
  assert.deepEqual(states, ["Ready Ready"]);
});

test("a Ready label over a directory that is not there, or not whole, is not believed", options, async (t) => {
  const house = await clusterHouse(t);
  for (const [node, files] of [
    ["empty", []],
    ["partial", ["config.json"]],
  ] as const) {
    house.kubernetes.put(collections.nodes, {
      metadata: { name: node, labels: { "models.ome.io/clusterbasemodel.llama": "Ready" } },
    });
    house.kubernetes.put(collections.maps, {
      metadata: { name: node, namespace: "ome" },
      data: { [llama]: '{"name":"llama","status":"Ready"}' },
    });
    const place = house.path(node, "llama");
    await mkdir(place, { recursive: true });
    for (const name of files) await writeFile(join(place, name), "{}");
  }
  const states = new Map<string, string[]>([
    ["empty", []],
    ["partial", []],
  ]);
  house.kubernetes.store.onChange(() => {
    for (const [node, seen] of states) {
      const now = String(house.label(node, llama));
      if (seen.at(-1) !== now) seen.push(now);
    }
  });
  for (const node of states.keys()) {
    house.putModel("llama", { path: house.path(node, "llama") });
    const agent = await house.startNode(node, slowly);
    await agent.ready("llama");
    await untilLabel(house, "Ready", llama, node);
    await agent.stop();
  }
  assert.deepEqual(states.get("empty"), ["Ready", "Updating", "Ready"]);
  assert.deepEqual(states.get("partial"), ["Ready", "Updating", "Ready"]);
});

test("spec changes that matter are followed; what the agent or a controller writes is not", options, async (t) => {
  const { house, agent } = await readyHouse(t);
  house.s3.counters.reset();
  const object = house.object(collections.ClusterBaseModel, "llama");
  assert.ok(object !== undefined);
  house.kubernetes.put(collections.ClusterBaseModel, {
    ...object,
    spec: { ...(object["spec"] as object), modelType: "written", displayName: "x" },
    status: { state: "Ready", nodesReady: ["n1"] },
  });
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(house.s3.counters.total.requests, 0);
  house.putModel("llama", { path: house.path("n1", "moved") });
  await eventually(
    async () => [await exists(join(agent.root, "llama")), await exists(join(agent.root, "moved", "config.json"))],
    ([old, moved]) => old === false && moved === true,
    "the move",
  );
  await untilLabel(house, "Ready");
  house.putModel("llama", {
    path: house.path("n1", "moved"),
    parameters: { endpoint: house.s3.url, region: "us-east-1", include: "*.json" },
  });
  await eventually(
    async () => (await readdir(join(agent.root, "moved"))).filter((name) => name.endsWith(".safetensors")).length,
    (weights) => weights === 0,
    "the selection",
  );
});

test("node selectors and affinity decide; labels of the node may change", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1", { gpu: "h100" });
  house.putModel("llama", { path: house.path("n1", "llama"), nodeSelector: { gpu: "h100" } });
  house.putModel("qwen", {
    path: house.path("n1", "qwen"),
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "gpu", operator: "In", values: ["a10"] }] }],
      },
    },
  });
  const agent = await house.startNode("n1");
  await untilEntry(house, "Ready");
  assert.equal(house.entry("n1", "clusterbasemodel.qwen"), undefined);
  house.putNode("n1", { gpu: "a10" });
  await untilEntry(house, "Ready", "clusterbasemodel.qwen");
  await untilEntry(house, undefined);
  await untilLabel(house, undefined);
  assert.equal(await exists(join(agent.root, "llama")), false);
  assert.ok(await exists(join(agent.root, "qwen", "config.json")));
  house.putModel("qwen", { path: house.path("n1", "qwen"), nodeSelector: { gpu: "b200" } });
  await untilEntry(house, undefined, "clusterbasemodel.qwen");
  assert.equal(await exists(join(agent.root, "qwen")), false);
});

test("labels that go and come back within the grace remove nothing", options, async (t) => {
  const house = await clusterHouse(t);
  house.putNode("n1", { gpu: "h100" });
  house.putModel("llama", { path: house.path("n1", "llama"), nodeSelector: { gpu: "h100" } });
  const agent = await house.startNode("n1", { graceMs: 2_000 });
  await untilEntry(house, "Ready");
  house.putNode("n1");
  await new Promise((resolve) => setTimeout(resolve, 500));
  house.putNode("n1", { gpu: "h100" });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(house.label("n1", llama), "Ready");
  assert.ok(await exists(join(agent.root, "llama", "config.json")));
});

test("the node's object may go and come back: models stay, and the labels come back", options, async (t) => {
  const { house, agent } = await readyHouse(t);
  house.kubernetes.store.delete(collections.nodes, "n1");
  house.putModel("qwen", { path: house.path("n1", "qwen"), storageUri: "s3://models/qwen" });
  await agent.ready("qwen");
  assert.ok(await exists(join(agent.root, "llama", "config.json")));
  house.putNode("n1");
  await untilLabel(house, "Ready");
  await untilLabel(house, "Ready", "clusterbasemodel.qwen");
  assert.equal((await agent.ready("llama")).state, "Ready");
});

test("entries and labels of models that no longer exist go at the start; others' keys stay", options, async (t) => {
  const house = await clusterHouse(t);
  house.kubernetes.put(collections.nodes, {
    metadata: {
      name: "n1",
      labels: { "models.ome.io/clusterbasemodel.gone": "Ready", "models.ome.io/other": "x", zone: "a" },
    },
  });
  house.kubernetes.put(collections.maps, {
    metadata: { name: "n1", namespace: "ome" },
    data: { "clusterbasemodel.gone": '{"name":"gone","status":"Ready"}', foreign: "kept" },
  });
  house.putModel("llama", { path: house.path("n1", "llama") });
  await house.startNode("n1");
  await untilEntry(house, "Ready");
  await untilEntry(house, undefined, "clusterbasemodel.gone");
  await untilLabel(house, undefined, "clusterbasemodel.gone");
  const map = house.object(collections.maps, "ome/n1");
  assert.equal(house.data("n1")["foreign"], "kept");
  assert.equal(map?.metadata.labels?.["models.ome/basemodel-status"], "true");
  assert.equal(house.label("n1", "other"), "x");
  assert.equal(house.object(collections.nodes, "n1")?.metadata.labels?.["zone"], "a");
});

test("a map that somebody deletes or spoils is restored, with its labels", options, async (t) => {
  const { house } = await readyHouse(t, { syncIntervalMs: 300 });
  house.kubernetes.store.delete(collections.maps, "ome/n1");
  await untilEntry(house, "Ready");
  const map = house.object(collections.maps, "ome/n1");
  assert.equal(map?.metadata.labels?.["models.ome/basemodel-status"], "true");
  house.kubernetes.put(collections.maps, { metadata: { name: "n1", namespace: "ome" }, data: { [llama]: "rubbish" } });
  await untilEntry(house, "Ready");
  await eventually(
    () => house.object(collections.maps, "ome/n1")?.metadata.labels?.["node"],
    (node) => node === "n1",
    "the labels",
  );
});

test(
  "what a Go agent held is removed when its model is being deleted, or no longer selects the node",
  options,
  async (t) => {
    const house = await clusterHouse(t);
    house.putNode("n1");
    const finalizers = ["clusterbasemodels.ome.io/finalizer"];
    house.putModel("llama", { path: house.path("n1", "llama") }, {}, { finalizers });
    house.kubernetes.store.delete(collections.ClusterBaseModel, "llama");
    house.putModel("qwen", { path: house.path("n1", "qwen"), nodeSelector: { gpu: "b200" } });
    house.putModel("mine", { path: house.path("n1", "mine"), nodeSelector: { gpu: "b200" } });
    for (const name of ["llama", "qwen", "mine"]) {
      await mkdir(house.path("n1", name), { recursive: true });
      await writeFile(house.path("n1", name, "config.json"), "{}");
    }
    house.kubernetes.put(collections.maps, {
      metadata: { name: "n1", namespace: "ome" },
      data: {
        [llama]: '{"name":"llama","status":"Ready"}',
        "clusterbasemodel.qwen": '{"name":"qwen","status":"Ready"}',
      },
    });
    await house.startNode("n1");
    await untilEntry(house, undefined);
    await untilEntry(house, undefined, "clusterbasemodel.qwen");
    assert.equal(await exists(house.path("n1", "llama")), false);
    assert.equal(await exists(house.path("n1", "qwen")), false);
    // Nothing says that an agent put these there.
    assert.ok(await exists(house.path("n1", "mine", "config.json")));
  },
);

test("a directory that another model of the cluster names stays when its model is deleted", options, async (t) => {
  const { house, agent } = await readyHouse(t);
  house.putModel("elsewhere", { path: house.path("n1", "llama"), nodeSelector: { gpu: "b200" } });
  await new Promise((resolve) => setTimeout(resolve, 200));
  house.kubernetes.store.delete(collections.ClusterBaseModel, "llama");
  await untilEntry(house, undefined);
  assert.ok(await exists(join(agent.root, "llama", "config.json")));
  house.kubernetes.store.delete(collections.ClusterBaseModel, "elsewhere");
  await eventually(
    () => exists(join(agent.root, "llama")),
    (there) => !there,
    "the directory to go with the last who names it",
  );
});

test("a lost disk is noticed and the model brought again", options, async (t) => {
  const { house, agent } = await readyHouse(t, { agent: { checkIntervalMs: 200 } });
  await rm(join(agent.root, "llama"), { recursive: true, force: true });
  await eventually(
    () => exists(join(agent.root, "llama", "config.json")),
    (there) => there,
    "the files",
  );
  await untilLabel(house, "Ready");
});
