import assert from "node:assert/strict";
import { access, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseModelEntry } from "../../../src/agent/ome/model-entry.ts";
import { isStorageError } from "../../../src/errors.ts";
import type { ApiClient } from "../../../src/kubernetes/api-client.ts";
import type { KubernetesObject } from "../../../src/kubernetes/kubernetes-object.ts";
import { bytesContent, generatedShard } from "../../../src/testing/content/index.ts";
import { startFakeS3 } from "../../../src/testing/fake-s3/index.ts";
import { type AgentProcess, startAgentProcess } from "../../support/agent-process.ts";
import { startTcpRelay } from "../../support/tcp-relay.ts";
import { findKubernetes, startKubernetes } from "./start-kubernetes.ts";

const found = await findKubernetes();
const skip = "missing" in found ? `no real API server: ${found.missing}` : false;
if (skip !== false) console.log(skip);

const models = 200;
const nodes = ["n1", "n2", "n3"];
/** All models go to the first node, every fourth to the others as well. */
const isWanted = (node: string, index: number): boolean => node === "n1" || index % 4 === 0;
const credential = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "secret-of-the-tests" };
/** While all agents run, and while the second one does not. */
const deleted = [...Array(10).keys()];
const edited = [...Array(10).keys()].map((index) => index + 10);
const deletedMeanwhile = [20, 24];
const editedMeanwhile = [28, 32];
const allDeleted = [...deleted, ...deletedMeanwhile];
const name = (index: number): string => `m${String(index).padStart(3, "0")}`;
/** The last twenty are BaseModels of one namespace. */
const inNamespace = (index: number): boolean => index >= models - 20;
const collectionOf = (index: number): string =>
  `/apis/ome.io/v1beta1/${inNamespace(index) ? "namespaces/ome/basemodels" : "clusterbasemodels"}`;
const objectPath = (index: number): string => `${collectionOf(index)}/${name(index)}`;
const keyOf = (index: number): string => `${inNamespace(index) ? "ome.basemodel" : "clusterbasemodel"}.${name(index)}`;
const configuration = {
  ...{ model_type: "llama", architectures: ["LlamaForCausalLM"], hidden_size: 64, num_hidden_layers: 2 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 128, vocab_size: 100 },
  ...{ max_position_embeddings: 2048, torch_dtype: "float16", transformers_version: "4.40.0" },
};

/** The content of one model: its own, so that a mix-up shows. */
function filesOf(seed: number): ReadonlyMap<string, Buffer> {
  const shard = generatedShard({ seed, tensors: ["a", "b"], size: 20_000 });
  const weights = Buffer.alloc(shard.size);
  shard.read(0, weights);
  return new Map([
    ["config.json", Buffer.from(JSON.stringify({ ...configuration, seed }))],
    ["model.safetensors", weights],
  ]);
}

async function until(condition: () => Promise<boolean> | boolean, what: () => string, seconds = 240): Promise<void> {
  const startedAt = performance.now();
  while (!(await condition())) {
    assert.ok(performance.now() - startedAt < seconds * 1000, what());
    await sleep(250);
  }
}

async function missing(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    (error: unknown) => {
      if (isStorageError(error) && error.httpStatus === 404) return true;
      throw error;
    },
  );
}

interface NodeState {
  readonly labels: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  readonly map: KubernetesObject | undefined;
}

async function stateOf(admin: ApiClient, node: string): Promise<NodeState> {
  const object = await admin.send<KubernetesObject>({ method: "GET", path: `/api/v1/nodes/${node}` });
  const prefix = "models.ome.io/";
  const own = Object.entries(object.metadata.labels ?? {}).filter(([key]) => key.startsWith(prefix));
  const labels = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  const map = await admin
    .send<KubernetesObject>({ method: "GET", path: `/api/v1/namespaces/ome/configmaps/${node}` })
    .catch(() => undefined);
  return { labels, map, data: (map?.["data"] ?? {}) as Record<string, string> };
}

test("two hundred models on three nodes, with everything going wrong meanwhile, end as the cluster says", {
  skip,
  timeout: 420_000,
}, async () => {
  assert.ok("binary" in found);
  const kubernetes = await startKubernetes(found.binary);
  const { admin } = kubernetes;
  const directory = await mkdtemp(join(tmpdir(), "agents-"));
  const s3 = await startFakeS3({ buckets: ["models"], credentials: [credential] });
  const agents = new Map<string, AgentProcess>();
  after(async () => {
    await Promise.all([...agents.values()].map((agent) => agent.kill("SIGKILL")));
    await s3.close();
    await kubernetes.close();
    await rm(directory, { recursive: true, force: true });
  });
  const put = async (prefix: string, seed: number): Promise<void> => {
    for (const [file, bytes] of filesOf(seed)) {
      await s3.putObject("models", `${prefix}/${file}`, bytesContent(bytes));
    }
  };
  for (let index = 0; index < models; index += 1) await put(name(index), index);
  for (const index of [...edited, ...editedMeanwhile]) await put(`${name(index)}-new`, 1_000 + index);
  const relay = await startTcpRelay(Number(new URL(kubernetes.adminConnection.server).port));
  after(() => relay.close());
  const kubeconfig = join(directory, "kubeconfig");
  await kubernetes.writeKubeconfig(kubeconfig, `https://127.0.0.1:${relay.port}`);
  for (const node of nodes) {
    const labels = { size: node === "n1" ? "large" : "small" };
    await admin.send({ method: "POST", path: "/api/v1/nodes", body: { metadata: { name: node, labels } } });
  }
  const parameters = { endpoint: s3.url, region: "us-east-1" };
  for (let index = 0; index < models; index += 1) {
    const nodeSelector = isWanted("n2", index) ? {} : { nodeSelector: { size: "large" } };
    const body = {
      apiVersion: "ome.io/v1beta1",
      kind: inNamespace(index) ? "BaseModel" : "ClusterBaseModel",
      metadata: { name: name(index), finalizers: ["ome.io/finalizer"] },
      spec: { storage: { storageUri: `s3://models/${name(index)}`, parameters, ...nodeSelector } },
    };
    await admin.send({ method: "POST", path: collectionOf(index), body });
  }
  const rootOf = (node: string): string => join(directory, node);
  const start = async (node: string): Promise<AgentProcess> => {
    const agent = await startAgentProcess(
      [
        ...["--models-root-dir", rootOf(node), "--num-download-worker", "4"],
        ...["--start-spread", "500ms", "--config-map-sync-interval", "5s"],
      ],
      {
        ...{ NODE_NAME: node, KUBECONFIG: kubeconfig, HOME: directory },
        ...{ AWS_ACCESS_KEY_ID: credential.accessKeyId, AWS_SECRET_ACCESS_KEY: credential.secretAccessKey },
      },
    );
    agents.set(node, agent);
    return agent;
  };
  await Promise.all(nodes.map(start));
  const readyOn = async (node: string): Promise<number> =>
    Object.values((await stateOf(admin, node)).labels).filter((value) => value === "Ready").length;

  // Edited and deleted in the middle of it all; a controller that lets deleted models go when no map names them.
  await until(
    async () => (await readyOn("n1")) > 20,
    () => "the first models",
  );
  const remove = (index: number): Promise<unknown> => admin.send({ method: "DELETE", path: objectPath(index) });
  const edit = (index: number): Promise<unknown> => {
    const body = { spec: { storage: { storageUri: `s3://models/${name(index)}-new` } } };
    return admin.send({ method: "PATCH", path: objectPath(index), patch: "merge", body });
  };
  for (const index of deleted) await remove(index);
  for (const index of edited) await edit(index);
  relay.cut();
  await agents.get("n2")?.kill("SIGKILL");
  for (const index of deletedMeanwhile) await remove(index);
  for (const index of editedMeanwhile) await edit(index);
  const rivals = new AbortController();
  const rival = (async () => {
    for (let turn = 0; !rivals.signal.aborted; turn += 1) {
      const body = { data: { "a-rival": String(turn) }, metadata: { annotations: { turn: String(turn) } } };
      const path = "/api/v1/namespaces/ome/configmaps/n1";
      await admin.send({ method: "PATCH", path, patch: "merge", body }).catch(() => {});
      await admin.send({
        method: "PATCH",
        path: "/api/v1/nodes/n1",
        patch: "merge",
        body: { metadata: body.metadata },
      });
      await sleep(20);
    }
  })().catch(() => {});
  await kubernetes.restartApiServer(3_000);
  await start("n2");
  relay.cut();
  await sleep(2_000);
  rivals.abort();
  await rival;
  await admin.send({ method: "DELETE", path: "/api/v1/namespaces/ome/configmaps/n3" }).catch(() => {});
  await kubernetes.compact();
  await kubernetes.restartApiServer(0);

  const keptOn = (node: string): readonly number[] =>
    [...Array(models).keys()].filter((index) => isWanted(node, index) && !allDeleted.includes(index));
  let counts: readonly number[] = [];
  await until(
    async () => {
      counts = await Promise.all(nodes.map(readyOn));
      return nodes.every((node, index) => counts[index] === keptOn(node).length);
    },
    () => `${counts.join(", ")} models are Ready on ${nodes.join(", ")}`,
  );
  for (const node of nodes) {
    const expected = keptOn(node).map(keyOf);
    await until(
      async () => {
        const keys = Object.keys((await stateOf(admin, node)).data).filter((key) => key !== "a-rival");
        return keys.sort().join() === expected.join();
      },
      () => `the entries of ${node}`,
      60,
    );
    const { labels, data, map } = await stateOf(admin, node);
    assert.deepEqual(Object.keys(labels).sort(), expected);
    assert.equal(map?.metadata.labels?.["models.ome/basemodel-status"], "true");
    for (const key of expected) {
      const entry = parseModelEntry(data[key] ?? "");
      assert.equal(entry?.status, "Ready", `${node} ${key}`);
      assert.equal(entry?.config?.modelArchitecture, "LlamaForCausalLM", `${node} ${key}`);
      assert.equal(entry?.progress, undefined);
    }
    for (const gone of allDeleted) await assert.rejects(access(join(rootOf(node), "s3:", "models", name(gone))));
    for (const index of keptOn(node)) {
      const moved = edited.includes(index) || editedMeanwhile.includes(index);
      const place = join(rootOf(node), "s3:", "models", moved ? `${name(index)}-new` : name(index));
      const wanted = filesOf(moved ? 1_000 + index : index);
      const there = (await readdir(place)).filter((file) => file !== ".model-agent").sort();
      assert.deepEqual(there, [...wanted.keys()].sort(), place);
      for (const [file, bytes] of wanted)
        assert.deepEqual(await readFile(join(place, file)), bytes, `${place}/${file}`);
    }
    assert.equal((await readdir(join(rootOf(node), "s3:", "models"))).length, expected.length);
  }
  for (const gone of allDeleted) {
    const body = { metadata: { finalizers: null } };
    await admin.send({ method: "PATCH", path: objectPath(gone), patch: "merge", body });
    assert.ok(await missing(admin.send({ method: "GET", path: objectPath(gone) })));
  }
  await until(
    async () => {
      const { spec } = await admin.send<{ spec: Record<string, unknown> }>({ method: "GET", path: objectPath(60) });
      return spec["modelConfiguration"] !== undefined && spec["modelType"] === "llama";
    },
    () => "the fields of the objects",
    60,
  );

  // A restart of everything moves nothing and fetches nothing.
  const versions = async (): Promise<readonly (string | undefined)[]> =>
    Promise.all(nodes.map(async (node) => (await stateOf(admin, node)).map?.metadata.resourceVersion));
  let before = await versions();
  await until(
    async () => {
      await sleep(3_000);
      const former = before;
      before = await versions();
      return former.join() === before.join();
    },
    () => "maps that nobody writes any more",
    60,
  );
  for (const agent of agents.values()) assert.equal(await agent.kill("SIGTERM"), 0);
  s3.counters.reset();
  await Promise.all(nodes.map(start));
  for (const [node, agent] of agents) {
    const ready = async (): Promise<number> => {
      const status = (await (await fetch(`http://127.0.0.1:${agent.port}/status`)).json()) as {
        models: { state: string }[];
      };
      return status.models.filter(({ state }) => state === "Ready").length;
    };
    await until(
      async () => (await ready()) === keptOn(node).length,
      () => "Ready after the restart",
      60,
    );
  }
  await sleep(2_000);
  assert.equal(s3.counters.total.requests, 0);
  assert.deepEqual(await versions(), before);
});
