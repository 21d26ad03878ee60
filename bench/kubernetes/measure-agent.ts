import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ApiClient } from "../../src/kubernetes/api-client.ts";
import type { KubernetesObject } from "../../src/kubernetes/kubernetes-object.ts";
import { bytesContent, generatedShard } from "../../src/testing/content/index.ts";
import { startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { findKubernetes, startKubernetes } from "../../test/real/kubernetes/start-kubernetes.ts";
import { type AgentProcess, startAgentProcess } from "../../test/support/agent-process.ts";
import { startTcpRelay } from "../../test/support/tcp-relay.ts";

/**
 * What one agent costs the API server and its node, against a real API server: the figures of docs/scale.md. With `--pod` it finds the
 * cluster as in a pod, in a mount namespace of its own (Linux); `--package` names a built package, started as the image does.
 */
const { values } = parseArgs({
  options: {
    models: { type: "string", default: "100" },
    "large-bytes": { type: "string", default: "0" },
    pod: { type: "boolean", default: false },
    package: { type: "string" },
  },
});
const models = Number(values.models);
const large = Number(values["large-bytes"]);
const mebibyte = 1024 * 1024;
const credential = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "secret-of-the-tests" };
const collection = "/apis/ome.io/v1beta1/clusterbasemodels";
const name = (index: number): string => `model-${String(index).padStart(4, "0")}-of-a-usual-length`;
const configuration = {
  ...{ model_type: "llama", architectures: ["LlamaForCausalLM"], hidden_size: 64, num_hidden_layers: 2 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 128, vocab_size: 100 },
  ...{ max_position_embeddings: 2048, torch_dtype: "float16", transformers_version: "4.40.0" },
};

async function mapBytes(admin: ApiClient): Promise<number> {
  const map = await admin.send<KubernetesObject>({ method: "GET", path: "/api/v1/namespaces/ome/configmaps/n1" });
  return JSON.stringify(map["data"] ?? {}).length;
}

async function requestsOf(agent: AgentProcess): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://127.0.0.1:${agent.port}/metrics`)).text();
  const counts: Record<string, number> = {};
  for (const match of text.matchAll(/^model_agent_kubernetes_requests_total\{method="(\w+)",code="(\d+)"\} (\d+)/gm)) {
    counts[`${match[1]} ${match[2]}`] = Number(match[3]);
  }
  return counts;
}

/** The command that starts the agent. */
function program(): readonly [string, ...string[]] {
  const source = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
  const own =
    values.package === undefined ? [source] : [semiSpace, join(values.package, "bin", "model-agent.js"), "run"];
  if (!values.pod) return [process.execPath, ...own];
  const mounted = "/run/secrets/kubernetes.io/serviceaccount";
  const mount = `mount -t tmpfs tmpfs /run && mkdir -p ${mounted} && cp ${directory}/account/* ${mounted}/ && exec "$@"`;
  return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", process.execPath, ...own];
}

/** As in the image. */
const semiSpace = "--max-semi-space-size=4";

/** How the agent finds the cluster. */
async function clusterEnvironment(): Promise<Readonly<Record<string, string>>> {
  const kubeconfig = join(directory, "kubeconfig");
  await kubernetes.writeKubeconfig(kubeconfig, `https://127.0.0.1:${proxy.port}`);
  if (!values.pod) return { KUBECONFIG: kubeconfig };
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, "utf8")) as {
    readonly clusters: readonly { readonly cluster: { readonly "certificate-authority": string } }[];
    readonly users: readonly { readonly user: { readonly token: string } }[];
  };
  await mkdir(join(directory, "account"), { recursive: true });
  await writeFile(join(directory, "account", "token"), users[0]?.user.token ?? "");
  await copyFile(clusters[0]?.cluster["certificate-authority"] ?? "", join(directory, "account", "ca.crt"));
  return { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(proxy.port) };
}

const found = await findKubernetes();
if (!("binary" in found)) throw new Error(found.missing);
const kubernetes = await startKubernetes(found.binary);
const directory = await mkdtemp(join(tmpdir(), "measure-"));
const s3 = await startFakeS3({ buckets: ["models"], credentials: [credential] });
const proxy = await startTcpRelay(Number(new URL(kubernetes.adminConnection.server).port));
const { admin } = kubernetes;
let agent: AgentProcess | undefined;
let marked = { received: 0, sent: 0, cpuSeconds: 0, requests: {} as Readonly<Record<string, number>>, at: 0 };

async function report(phase: string): Promise<void> {
  if (agent === undefined) return;
  const requests = await requestsOf(agent);
  const { cpuSeconds, rssBytes, peakRssBytes } = await agent.usage();
  const delta = Object.entries(requests).flatMap(([key, count]) => {
    const more = count - (marked.requests[key] ?? 0);
    return more === 0 ? [] : [`${key}: ${more}`];
  });
  const seconds = (performance.now() - marked.at) / 1000;
  console.log(
    `${phase}: ${seconds.toFixed(1)} s, from the API server ${((proxy.received - marked.received) / 1000).toFixed(1)} kB, to it ` +
      `${((proxy.sent - marked.sent) / 1000).toFixed(1)} kB, CPU ${(cpuSeconds - marked.cpuSeconds).toFixed(2)} s, ` +
      `RSS ${(rssBytes / mebibyte).toFixed(0)} MiB (peak ${(peakRssBytes / mebibyte).toFixed(0)}), ${delta.join(", ")}`,
  );
  await agent.resetPeak();
  marked = { received: proxy.received, sent: proxy.sent, cpuSeconds, requests, at: performance.now() };
}

async function createModel(model: string, shard: ReturnType<typeof generatedShard>): Promise<void> {
  await s3.putObject("models", `${model}/config.json`, bytesContent(JSON.stringify(configuration)));
  await s3.putObject("models", `${model}/model.safetensors`, shard);
  const parameters = { endpoint: s3.url, region: "us-east-1" };
  const body = {
    apiVersion: "ome.io/v1beta1",
    kind: "ClusterBaseModel",
    metadata: { name: model },
    spec: { storage: { storageUri: `s3://models/${model}`, parameters } },
  };
  await admin.send({ method: "POST", path: collection, body });
}

async function readyLabels(): Promise<number> {
  const { metadata } = await admin.send<KubernetesObject>({ method: "GET", path: "/api/v1/nodes/n1" });
  return Object.values(metadata.labels ?? {}).filter((value) => value === "Ready").length;
}

async function start(): Promise<void> {
  marked = { received: proxy.received, sent: proxy.sent, cpuSeconds: 0, requests: {}, at: performance.now() };
  agent = await startAgentProcess(
    ["--models-root-dir", join(directory, "n1"), "--start-spread", "0"],
    {
      ...{ NODE_NAME: "n1", HOME: directory, ...(await clusterEnvironment()) },
      ...{ AWS_ACCESS_KEY_ID: credential.accessKeyId, AWS_SECRET_ACCESS_KEY: credential.secretAccessKey },
    },
    program(),
  );
}

try {
  const shard = generatedShard({ seed: 1, tensors: ["a", "b"], size: 20_000 });
  await admin.send({ method: "POST", path: "/api/v1/nodes", body: { metadata: { name: "n1" } } });
  for (let index = 0; index < models; index += 1) await createModel(name(index), shard);
  await start();
  while ((await readyLabels()) < models) await sleep(200);
  await sleep(5_000);
  await report(`${models} models brought`);
  console.log(`ConfigMap: ${((await mapBytes(admin)) / models).toFixed(0)} bytes per model`);
  await sleep(60_000);
  await report("one minute at rest");
  const nodes = Array.from({ length: 1_000 }, (_, index) => `node-with-a-usual-name-${index}`);
  for (let index = 0; index < 5; index += 1) {
    const path = `${collection}/${name(0)}/status`;
    const body = { status: { state: "Ready", nodesReady: nodes, generation: index } };
    await admin.send({ method: "PATCH", path, patch: "merge", body });
  }
  await sleep(2_000);
  await report("five changes of one status that names 1,000 nodes");
  await agent?.kill("SIGTERM");
  await start();
  const status = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${agent?.port}/status`);
    const { models: all } = (await answer.json()) as { models: { state: string }[] };
    return all.filter(({ state }) => state === "Ready").length;
  };
  while ((await status()) < models) await sleep(50);
  await report(`restart with ${models} proven models`);
  await sleep(20_000);
  await report("20 seconds at rest");
  const { requests } = s3.counters.total;
  console.log(`object store: ${(requests / models).toFixed(1)} requests per model of two files`);
  if (large > 0) {
    const size = Math.round(large / 2);
    for (const seed of [1, 2]) await createModel(`large-${seed}`, generatedShard({ seed, tensors: ["a", "b"], size }));
    while ((await readyLabels()) < models + 2) await sleep(200);
    await report(`two models of ${(large / 1e6).toFixed(0)} MB brought`);
    await sleep(30_000);
    await report("half a minute later");
  }
} finally {
  await agent?.kill("SIGKILL");
  await proxy.close();
  await s3.close();
  await kubernetes.close();
  await rm(directory, { recursive: true, force: true });
}
