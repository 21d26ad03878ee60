import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { bytesContent } from "../../src/testing/content/index.ts";
import { FakeKubernetes } from "../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import { startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { startLightAgent } from "../../test/support/light-agent.ts";
import { startTcpRelay } from "../../test/support/tcp-relay.ts";

/**
 * Many agents that start at once and bring the same models, in one process, against a scripted API server and a controller that writes
 * into each model's status which nodes have it: how requests and events grow with nodes and models. For docs/scale.md.
 */
const { values } = parseArgs({
  options: { agents: { type: "string", default: "50" }, models: { type: "string", default: "10" } },
});
const nodes = Array.from({ length: Number(values.agents) }, (_, index) => `node-with-a-usual-name-${index}`);
const models = Array.from({ length: Number(values.models) }, (_, index) => `model-of-a-usual-name-${index}`);
const credential = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "secret-of-the-tests" };
const env = { AWS_ACCESS_KEY_ID: credential.accessKeyId, AWS_SECRET_ACCESS_KEY: credential.secretAccessKey };
const collection = "/apis/ome.io/v1beta1/clusterbasemodels";
const maps = "/api/v1/configmaps";
const configuration = JSON.stringify({
  ...{ model_type: "llama", architectures: ["LlamaForCausalLM"], hidden_size: 64, num_hidden_layers: 2 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 128, vocab_size: 100 },
  ...{ max_position_embeddings: 2048, torch_dtype: "float16", transformers_version: "4.40.0" },
});

const kubernetes = await FakeKubernetes.start({ bookmarkIntervalMs: 60_000 });
const relay = await startTcpRelay(Number(new URL(kubernetes.url).port));
const s3 = await startFakeS3({ buckets: ["models"], credentials: [credential] });
const directory = await mkdtemp(join(tmpdir(), "simulate-"));
for (const name of nodes) kubernetes.put("/api/v1/nodes", { metadata: { name, labels: { size: "large" } } });
for (const name of models) {
  await s3.putObject("models", `${name}/config.json`, bytesContent(configuration));
  const storage = { storageUri: `s3://models/${name}`, parameters: { endpoint: s3.url, region: "us-east-1" } };
  kubernetes.put(collection, {
    apiVersion: "ome.io/v1beta1",
    kind: "ClusterBaseModel",
    metadata: { name },
    spec: { storage },
  });
}

/** Entries of a node's map that say Ready. */
function readyIn(node: string): readonly string[] {
  const data = (kubernetes.store.get(maps, `ome/${node}`)?.["data"] ?? {}) as Record<string, string>;
  return Object.entries(data).flatMap(([key, text]) =>
    text.includes('"status":"Ready"') ? [key.split(".")[1] ?? ""] : [],
  );
}

/** OME's controller: one write of a model's status for each node that begins to have it. */
const told = new Map<string, Set<string>>(models.map((model) => [model, new Set()]));
let statusWrites = 0;
let seen = kubernetes.store.version;
kubernetes.store.onChange(() => {
  const changes = kubernetes.store.changesAfter(seen);
  seen = kubernetes.store.version;
  for (const { collection: where, object } of changes) {
    if (where !== maps) continue;
    for (const model of readyIn(object.metadata.name)) {
      const names = told.get(model);
      if (names === undefined || names.has(object.metadata.name)) continue;
      names.add(object.metadata.name);
      statusWrites += 1;
      setImmediate(() => {
        const now = kubernetes.store.get(collection, model);
        if (now !== undefined)
          kubernetes.put(collection, { ...now, status: { state: "Ready", nodesReady: [...names].sort() } });
      });
    }
  }
});

const connection = {
  server: `http://127.0.0.1:${relay.port}`,
  namespace: "ome",
  access: async () => ({ headers: {}, rejectUnauthorized: true }),
};
const startedAt = performance.now();
const agents = await Promise.all(
  nodes.map((nodeName) => {
    const root = join(directory, nodeName);
    return startLightAgent({
      connection,
      nodeName,
      root,
      env,
      startSpreadMs: 5_000,
      files: { "config.json": configuration },
    });
  }),
);
try {
  while (nodes.some((node) => readyIn(node).length < models.length)) await sleep(200);
  await sleep(5_000);
  const seconds = (performance.now() - startedAt) / 1000;
  const { requests } = kubernetes;
  const counted = new Map<string, number>();
  for (const { method, path, watch } of requests) {
    const resource = /\/(nodes|configmaps|clusterbasemodels|basemodels|leases|events)/.exec(path)?.[1] ?? path;
    const key = `${watch ? "WATCH" : method} ${resource}`;
    counted.set(key, (counted.get(key) ?? 0) + 1);
  }
  console.log(
    `${nodes.length} agents, ${models.length} models: ${seconds.toFixed(1)} s, ${statusWrites} writes of statuses`,
  );
  for (const [key, count] of [...counted].sort())
    console.log(
      `${key}: ${count}, ${(count / nodes.length).toFixed(2)} per agent, ${(count / nodes.length / models.length).toFixed(2)} per agent and model`,
    );
  const each = nodes.length * models.length;
  console.log(
    `from the API server ${(relay.received / each / 1000).toFixed(1)} kB per agent and model, to it ${(relay.sent / each / 1000).toFixed(1)} kB`,
  );
  console.log(`object store: ${(s3.counters.total.requests / each).toFixed(1)} requests per agent and model`);
} finally {
  await Promise.all(agents.map((agent) => agent.stop()));
  await relay.close();
  await s3.close();
  await kubernetes.close();
  await rm(directory, { recursive: true, force: true });
}
