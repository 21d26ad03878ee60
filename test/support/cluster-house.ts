import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ContentSharing, openCluster, runAgent } from "../../src/agent/index.ts";
import { type ModelEntry, parseModelEntry } from "../../src/agent/ome/model-entry.ts";
import type { AgentOptions } from "../../src/agent/run-agent.ts";
import type { ClusterConnection } from "../../src/kubernetes/cluster-access.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { type Logger, silentLogger } from "../../src/telemetry/logger.ts";
import { createRedactor } from "../../src/telemetry/redactor.ts";
import { bytesContent, generatedModel } from "../../src/testing/content/index.ts";
import { FakeKubernetes, type FakeRequest } from "../../src/testing/fake-kubernetes/fake-kubernetes.ts";
import type { StoredObject } from "../../src/testing/fake-kubernetes/object-store.ts";
import { type FakeS3, startFakeS3 } from "../../src/testing/fake-s3/index.ts";
import { agentClient, type RunningAgent } from "./agent-house.ts";

const credential = { accessKeyId: "AKIATESTTESTTESTTEST", secretAccessKey: "secret-of-the-tests" };

/** What the models' `config.json` says. */
export const configuration = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  hidden_size: 64,
  num_hidden_layers: 8,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 128,
  vocab_size: 1000,
  max_position_embeddings: 2048,
  torch_dtype: "float16",
  transformers_version: "4.40.0",
};

export const collections = {
  nodes: "/api/v1/nodes",
  maps: "/api/v1/configmaps",
  secrets: "/api/v1/secrets",
  events: "/apis/events.k8s.io/v1/events",
  leases: "/apis/coordination.k8s.io/v1/leases",
  BaseModel: "/apis/ome.io/v1beta1/basemodels",
  ClusterBaseModel: "/apis/ome.io/v1beta1/clusterbasemodels",
} as const;

/** A fake cluster and a fake S3 with one model under two prefixes, `llama` and `qwen`. */
export interface ClusterHouse {
  readonly kubernetes: FakeKubernetes;
  readonly s3: FakeS3;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly modelFiles: number;
  readonly modelBytes: number;
  putNode(name: string, labels?: Record<string, string>): void;
  /** A ClusterBaseModel of `s3://models/llama`, unless told otherwise. */
  putModel(name: string, storage?: Record<string, unknown>, more?: Record<string, unknown>, metadata?: object): void;
  putBaseModel(namespace: string, name: string, storage?: Record<string, unknown>): void;
  /** A path below a node's models root. */
  path(node: string, ...below: string[]): string;
  object(collection: string, key: string): StoredObject | undefined;
  label(node: string, key: string): string | undefined;
  entry(node: string, key: string): ModelEntry | undefined;
  /** The texts of a node's ConfigMap. */
  data(node: string): Readonly<Record<string, string>>;
  startNode(node: string, options?: NodeOptions): Promise<RunningNode>;
}

export interface NodeOptions {
  readonly graceMs?: number;
  readonly progressIntervalMs?: number;
  readonly syncIntervalMs?: number;
  readonly startSpreadMs?: number;
  readonly semantics?: "kubernetes" | "ome";
  readonly logger?: Logger;
  readonly agent?: Partial<AgentOptions>;
  readonly connection?: ClusterConnection;
}

export interface RunningNode extends RunningAgent {
  readonly root: string;
}

/** Rights of OME's chart: no events, no leases. */
export function denyBeyondOme(request: FakeRequest): { status: number; body: object } | undefined {
  if (!/events\.k8s\.io|coordination\.k8s\.io|\/status$/.test(request.path)) return undefined;
  return { status: 403, body: { kind: "Status", reason: "Forbidden", message: "is forbidden", code: 403 } };
}

export async function clusterHouse(
  t: TestContext,
  { shards = 2, shardSize = 200_000 }: { readonly shards?: number; readonly shardSize?: number } = {},
): Promise<ClusterHouse> {
  const directory = await mkdtemp(join(tmpdir(), "cluster-"));
  const kubernetes = await FakeKubernetes.start();
  const s3 = await startFakeS3({ buckets: ["models"], credentials: [credential] });
  const stops: (() => Promise<void>)[] = [];
  t.after(async () => {
    await Promise.allSettled(stops.map((stop) => stop()));
    await kubernetes.close();
    await s3.close();
    await rm(directory, { recursive: true, force: true });
  });
  const model = Object.entries({
    ...generatedModel({ seed: 3, shards, shardSize }),
    "config.json": bytesContent(JSON.stringify(configuration)),
  });
  for (const [name, content] of model) {
    await s3.putObject("models", `llama/${name}`, content);
    await s3.putObject("models", `qwen/${name}`, content);
  }
  const env = { AWS_ACCESS_KEY_ID: credential.accessKeyId, AWS_SECRET_ACCESS_KEY: credential.secretAccessKey };
  const spec = (storage: Record<string, unknown>, more: Record<string, unknown>): Record<string, unknown> => ({
    ...more,
    storage: { storageUri: "s3://models/llama", parameters: { endpoint: s3.url, region: "us-east-1" }, ...storage },
  });
  const house: ClusterHouse = {
    kubernetes,
    s3,
    directory,
    env,
    modelFiles: model.length,
    modelBytes: model.reduce((sum, [, content]) => sum + content.size, 0),
    putNode: (name, labels = {}) => {
      const present = kubernetes.store.get(collections.nodes, name)?.metadata.labels ?? {};
      const own = Object.fromEntries(Object.entries(present).filter(([key]) => key.startsWith("models.ome.io/")));
      kubernetes.put(collections.nodes, { metadata: { name, labels: { ...own, ...labels } } });
    },
    putModel: (name, storage = {}, more = {}, metadata = {}) => {
      kubernetes.put(collections.ClusterBaseModel, {
        apiVersion: "ome.io/v1beta1",
        kind: "ClusterBaseModel",
        metadata: { name, ...metadata },
        spec: spec(storage, more),
      });
    },
    putBaseModel: (namespace, name, storage = {}) => {
      kubernetes.put(collections.BaseModel, {
        apiVersion: "ome.io/v1beta1",
        kind: "BaseModel",
        metadata: { namespace, name },
        spec: spec(storage, {}),
      });
    },
    path: (node, ...below) => join(directory, node, ...below),
    object: (collection, key) => kubernetes.store.get(collection, key),
    label: (node, key) => kubernetes.store.get(collections.nodes, node)?.metadata.labels?.[`models.ome.io/${key}`],
    entry: (node, key) => {
      const text = house.data(node)[key];
      return text === undefined ? undefined : parseModelEntry(text);
    },
    data: (node) => (kubernetes.store.get(collections.maps, `ome/${node}`)?.["data"] ?? {}) as Record<string, string>,
    startNode: (node, options) => startNode(house, stops, node, options),
  };
  return house;
}

async function startNode(
  house: ClusterHouse,
  stops: (() => Promise<void>)[],
  nodeName: string,
  options: NodeOptions = {},
): Promise<RunningNode> {
  const abort = new AbortController();
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  stops.push(stop);
  const running = Promise.withResolvers<number>();
  const told = options.logger ?? silentLogger;
  const logger: Logger = {
    ...told,
    info: (fields, message) => {
      if (message === "the agent is running") running.resolve(Number(fields["port"]));
      told.info(fields, message);
    },
    child: () => told,
  };
  const root = house.path(nodeName);
  await mkdir(root, { recursive: true });
  const sharing = new ContentSharing({ modelsRoot: root, logger });
  const redactor = createRedactor();
  const cluster = openCluster({
    connection: options.connection ?? {
      server: house.kubernetes.url,
      namespace: "ome",
      access: async () => ({ headers: {}, rejectUnauthorized: true }),
    },
    version: "1.2.3",
    nodeName,
    namespace: "ome",
    holder: `agent-${nodeName}`,
    semantics: options.semantics ?? "kubernetes",
    instanceTypes: new Map([["p5.48xlarge", "H100"]]),
    sharing,
    startSpreadMs: options.startSpreadMs ?? 0,
    graceMs: options.graceMs ?? 200,
    progressIntervalMs: options.progressIntervalMs ?? 300,
    syncIntervalMs: options.syncIntervalMs ?? 300_000,
    relistIntervalMs: undefined,
    redact: (text) => redactor.redact(text),
    clock: systemClock,
    random: Math.random,
    logger,
  });
  const ended = runAgent(
    {
      version: "1.2.3",
      modelsRoot: root,
      allowedPaths: [],
      source: cluster.source,
      secrets: cluster.secrets,
      publishers: [cluster.publisher],
      pathUser: cluster.pathUser,
      onMetrics: cluster.count,
      awaitRoot: true,
      sharing,
      host: "127.0.0.1",
      port: 0,
      workers: 2,
      tuning: {},
      noProgressMs: 60_000,
      downloadTimeoutMs: undefined,
      checkIntervalMs: 3_600_000,
      scrubIntervalMs: 3_600_000,
      scrubBytesPerSecond: 1e9,
      instance: undefined,
      redactor,
      env: house.env,
      clock: systemClock,
      random: Math.random,
      logger,
      ...options.agent,
    },
    abort.signal,
  );
  ended.catch(running.reject);
  const port = await running.promise;
  return { ...agentClient(port), stop, ended, root };
}

/** Waits until a condition holds; fails after half a minute with what is seen then. */
export async function eventually<Value>(
  look: () => Value | Promise<Value>,
  holds: (value: Value) => boolean,
  what: string,
): Promise<Value> {
  let value: Value;
  const startedAt = performance.now();
  do {
    value = await look();
    if (holds(value)) return value;
    await sleep(20);
  } while (performance.now() - startedAt < 30_000);
  throw new Error(`${what}: ${JSON.stringify(value)}`);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

export async function untilLabel(
  house: ClusterHouse,
  value: string | undefined,
  key = "clusterbasemodel.llama",
  node = "n1",
): Promise<void> {
  await eventually(
    () => house.label(node, key),
    (label) => label === value,
    `label ${key} of ${node} to be ${value}`,
  );
}

export async function untilEntry(
  house: ClusterHouse,
  status: string | undefined,
  key = "clusterbasemodel.llama",
  node = "n1",
): Promise<void> {
  await eventually(
    () => house.entry(node, key),
    (entry) => entry?.status === status,
    `entry ${key} of ${node} to be ${status}`,
  );
}

/** A cluster with one node, one Ready model `llama` and its agent. */
export async function readyHouse(
  t: TestContext,
  nodeOptions: NodeOptions = {},
): Promise<{ house: ClusterHouse; agent: RunningNode }> {
  const house = await clusterHouse(t);
  house.putNode("n1");
  house.putModel("llama", { path: house.path("n1", "llama") });
  const agent = await house.startNode("n1", nodeOptions);
  await untilLabel(house, "Ready");
  await untilEntry(house, "Ready");
  return { house, agent };
}
