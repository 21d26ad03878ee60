import { mkdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { DeliveryRequest } from "../delivery/delivery-types.ts";
import { StorageError, toStorageError } from "../errors.ts";
import type { Environment } from "../storage/provider-definition.ts";
import { diskError } from "../store/disk-error.ts";
import { layoutOf } from "../store/layout.ts";
import { acquireLease, type Lease } from "../store/lease.ts";
import { readDiskSpace } from "../store/space.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import { createDeliveryWorker } from "./delivery-worker.ts";
import { isNotWritable } from "./gopher/failure-reason.ts";
import { createGopher } from "./gopher/gopher.ts";
import { startAgentServer } from "./http/agent-server.ts";
import { modelsRootCheck } from "./http/models-root-check.ts";
import { metricsPublisher, observeMetrics } from "./observe-metrics.ts";
import type { ManifestSource } from "./scout/manifest-source.ts";
import type { FoundManifest } from "./scout/parse-manifest-file.ts";
import { createScout } from "./scout/scout.ts";
import { runScrubber } from "./scrub/scrubber.ts";
import type { SecretSource } from "./secret-source.ts";
import { createStatusBoard } from "./status/status-board.ts";
import { createStatusFile, readStatusFile } from "./status/status-file.ts";
import { allPublishers, type StatusPublisher } from "./status/status-publisher.ts";

export interface AgentOptions {
  readonly version: string;
  /** Absolute. Made when it does not exist. */
  readonly modelsRoot: string;
  /** Further directories below which models may lie. Absolute. */
  readonly allowedPaths: readonly string[];
  readonly source: ManifestSource<FoundManifest>;
  readonly secrets: SecretSource;
  /** Told of every status besides the page, the file and the metrics. */
  readonly publishers: readonly StatusPublisher[];
  readonly host: string;
  readonly port: number;
  /** Models downloaded at the same time. */
  readonly workers: number;
  readonly tuning: Pick<DeliveryRequest, "maxConnections" | "maxBandwidth">;
  readonly noProgressMs: number;
  readonly downloadTimeoutMs: number | undefined;
  readonly checkIntervalMs: number;
  readonly scrubIntervalMs: number;
  readonly scrubBytesPerSecond: number;
  /** See `LeaseOptions.instance`. */
  readonly instance: string | undefined;
  readonly redactor: Redactor;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Proofs that are looked at at the same time. */
const parallelChecks = 8;

/**
 * The agent: keeps the disk below a models root equal to what a source of manifests wishes, until the signal aborts. Then it
 * stops every download within a second, resumable, and gives back its lease.
 *
 * @throws StorageError `unavailable` when another agent owns the root or takes it over, `config_invalid` for a root, port or
 * source that cannot be used.
 */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  await requireDirectory(options.modelsRoot);
  const lease = await takeRoot(options);
  try {
    await runUnderLease(options, lease, signal);
  } finally {
    await lease?.release();
  }
}

async function runUnderLease(options: AgentOptions, lease: Lease | undefined, signal: AbortSignal): Promise<void> {
  const { modelsRoot, clock, random, logger } = options;
  const statusPath = join(layoutOf(modelsRoot).metadata, "status.json");
  const saved = await readStatusFile(statusPath);
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal, ...(lease === undefined ? [] : [lease.lost])]);

  const metrics = createMetrics({
    runtime: true,
    beforeRender: async (own) => {
      const { active, queued } = gopher.counts();
      own.set("activeWorkers", {}, active);
      own.set("queueDepth", {}, queued);
      await measureDisk(own, modelsRoot);
    },
  });
  metrics.set("buildInfo", { version: options.version, node_version: process.version }, 1);
  const board = createStatusBoard({
    version: options.version,
    host: hostname(),
    pid: process.pid,
    modelsRoot,
    clock,
    onChange: () => file?.touch(),
  });
  const worker = createDeliveryWorker({ ...options, roots: [modelsRoot, ...options.allowedPaths] });
  const publisher = allPublishers([board, metricsPublisher(metrics), ...options.publishers]);
  const gopher = createGopher({
    worker,
    publisher,
    observer: observeMetrics(metrics, clock.now),
    limits: {
      deliveries: options.workers,
      checks: parallelChecks,
      noProgressMs: options.noProgressMs,
      overallMs: options.downloadTimeoutMs,
    },
    clock,
    random,
    logger,
  });
  const needsWriting = (): boolean =>
    board.snapshot().models.some(({ state, mode }) => state !== "Ready" && mode === "deliver");
  const server = await startAgentServer({
    host: options.host,
    port: options.port,
    metrics,
    checks: [modelsRootCheck(modelsRoot, needsWriting)],
    snapshot: () => board.snapshot(),
    logger,
  });
  logger.info({ host: options.host, port: server.port, modelsRoot, version: options.version }, "the agent is running");
  const file =
    lease === undefined
      ? undefined
      : createStatusFile({ path: statusPath, snapshot: () => board.snapshot(), clock, logger });
  const scout = createScout({ rules: options, gopher, board, metrics, saved, logger });
  const scrubbing = runScrubber(
    { ...options, gopher, worker, metrics, bytesPerSecond: options.scrubBytesPerSecond },
    ended,
  );
  try {
    for await (const batch of options.source.watch(ended)) scout.take(batch);
    if (lease?.lost.aborted) throw lease.lost.reason;
  } finally {
    stop.abort();
    logger.info({}, "the agent is stopping");
    await Promise.all([gopher.stop(), scrubbing]);
    board.markStopped();
    await publisher.close();
    await file?.close();
    await server.close();
  }
}

async function requireDirectory(modelsRoot: string): Promise<void> {
  try {
    await mkdir(modelsRoot, { recursive: true });
    if ((await stat(modelsRoot)).isDirectory()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw diskError(error, "use the models root", modelsRoot);
  }
  throw new StorageError({
    code: "config_invalid",
    operation: "use the models root",
    target: modelsRoot,
    detail: "it is a file",
    hint: "Give a directory with --models-root.",
  });
}

/** The lease of the root. On a root that cannot be written there is none, and nothing can be written that it would guard. */
async function takeRoot(options: AgentOptions): Promise<Lease | undefined> {
  const { modelsRoot: directory, instance, clock, logger } = options;
  try {
    return await acquireLease({ directory, purpose: "agent", instance, clock });
  } catch (error) {
    const failure = toStorageError(error, "take the lease of", directory);
    if (!isNotWritable(failure)) throw failure;
    logger.warn(
      { err: failure },
      "the models root cannot be written: models that are there are served, none is brought",
    );
    return undefined;
  }
}

async function measureDisk(metrics: Metrics, modelsRoot: string): Promise<void> {
  const space = await readDiskSpace(modelsRoot).catch(() => undefined);
  if (space === undefined) return;
  metrics.set("diskFree", {}, space.freeBytes);
  metrics.set("diskUsed", {}, space.totalBytes - space.freeBytes);
}
