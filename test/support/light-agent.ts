import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGopher } from "../../src/agent/gopher/gopher.ts";
import type { ModelWorker } from "../../src/agent/gopher/model-worker.ts";
import { ContentSharing, openCluster } from "../../src/agent/index.ts";
import { createScout } from "../../src/agent/scout/scout.ts";
import type { ClusterConnection } from "../../src/kubernetes/cluster-access.ts";
import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import { systemClock } from "../../src/telemetry/clock.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

export interface LightAgentOptions {
  readonly connection: ClusterConnection;
  readonly nodeName: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly startSpreadMs: number;
  readonly progressIntervalMs?: number;
  /** Written to a model's directory when it is brought, such as its configuration. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * An agent of a cluster that downloads nothing: it lists a model and reads its objects' heads where a real one downloads. Everything
 * between it and the API server is the real thing.
 */
export async function startLightAgent(options: LightAgentOptions): Promise<{ stop(): Promise<void> }> {
  const { nodeName, root, env } = options;
  await mkdir(root, { recursive: true });
  const sharing = new ContentSharing({ modelsRoot: root, logger: silentLogger });
  const common = { clock: systemClock, random: Math.random, logger: silentLogger };
  const cluster = openCluster({
    ...common,
    connection: options.connection,
    version: "1.2.3",
    nodeName,
    namespace: "ome",
    holder: nodeName,
    semantics: "kubernetes",
    instanceTypes: new Map(),
    sharing,
    startSpreadMs: options.startSpreadMs,
    graceMs: 1_000,
    progressIntervalMs: options.progressIntervalMs ?? 5_000,
    syncIntervalMs: 300_000,
    relistIntervalMs: undefined,
    redact: (text) => text,
  });
  const there = new Set<string>();
  const report = { files: 1, bytes: 1, filesVerifiedBySource: 1, fetchedBytes: 1, resumedBytes: 0 };
  const worker: ModelWorker = {
    check: async (wish) =>
      wish.mode !== "deliver" || there.has(wish.fingerprint)
        ? { state: "ready", report }
        : { state: "needed", placed: false },
    deliver: async (wish, _, signal) => {
      const { storageUri, parameters } = wish;
      const { client, objectUri } = await createStorageClient({ storageUri, parameters, env, signal });
      try {
        for await (const info of client.list(objectUri)) await client.stat(info.uri);
      } finally {
        await client.close();
      }
      if (options.files !== undefined) await mkdir(wish.path, { recursive: true });
      for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(wish.path, name), text);
      there.add(wish.fingerprint);
      return report;
    },
    remove: async () => {},
  };
  const gopher = createGopher({
    ...common,
    worker,
    publisher: cluster.publisher,
    observer: { delivered: () => {}, failed: () => {}, checked: () => {}, transferEvent: () => {} },
    limits: { deliveries: 2, checks: 8, noProgressMs: 60_000, overallMs: undefined },
    pathUser: cluster.pathUser,
  });
  const scout = createScout({
    rules: { modelsRoot: root, allowedPaths: [] },
    gopher,
    board: { setProblems: () => {}, setSkipped: () => {} },
    metrics: createMetrics(),
    lastGoodStays: false,
    saved: undefined,
    logger: silentLogger,
  });
  const abort = new AbortController();
  const running = (async () => {
    for await (const batch of cluster.source.watch(abort.signal)) scout.take(batch);
  })();
  return {
    stop: async () => {
      abort.abort();
      await running;
      await gopher.stop();
      await cluster.publisher.close();
    },
  };
}
