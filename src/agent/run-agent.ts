import { join } from "node:path";
import type { DeliveryRequest } from "../delivery/delivery-types.ts";
import { toStorageError } from "../errors.ts";
import type { Environment } from "../storage/provider-definition.ts";
import { layoutOf } from "../store/layout.ts";
import type { Lease } from "../store/lease.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import { laneCount } from "../transfer/engine/transfer-settings.ts";
import { type AgentFace, openAgentFace } from "./agent-face.ts";
import { createDeliveryWorker } from "./delivery-worker.ts";
import { createGopher, type Gopher } from "./gopher/gopher.ts";
import type { ModelWorker } from "./gopher/model-worker.ts";
import { lanesPerModel, memoryLimit } from "./lanes-per-model.ts";
import type { ModelKey } from "./model-identity.ts";
import { requireModelsRoot, takeModelsRoot } from "./models-root.ts";
import { metricsPublisher, observeMetrics } from "./observe-metrics.ts";
import type { FoundModel } from "./scout/found-model.ts";
import type { ManifestSource } from "./scout/manifest-source.ts";
import { createScout } from "./scout/scout.ts";
import { runScrubber } from "./scrub/scrubber.ts";
import type { SecretSource } from "./secret-source.ts";
import { ContentSharing } from "./sharing/content-sharing.ts";
import { createStatusFile, readStatusFile, type StatusFile } from "./status/status-file.ts";
import { allPublishers, type StatusPublisher } from "./status/status-publisher.ts";

export interface AgentOptions {
  readonly version: string;
  /** Absolute. Made when it does not exist. */
  readonly modelsRoot: string;
  /** Further directories below which models may lie. Absolute. */
  readonly allowedPaths: readonly string[];
  readonly source: ManifestSource<FoundModel>;
  readonly secrets: SecretSource;
  /** Told of every status besides the page, the file and the metrics. */
  readonly publishers: readonly StatusPublisher[];
  readonly host: string;
  readonly port: number;
  /** Models downloaded at the same time. */
  readonly workers: number;
  /** Shared files of equal content; the agent's own when nobody else looks at it. */
  readonly sharing?: ContentSharing | undefined;
  /** See `GopherOptions.pathUser`. */
  readonly pathUser?: ((path: string, except: ModelKey) => ModelKey | undefined) | undefined;
  /** See `ModelsRootOptions.awaitRoot`. */
  readonly awaitRoot?: boolean | undefined;
  /** Given the metrics once, before anything is counted. */
  readonly onMetrics?: ((metrics: Metrics) => void) | undefined;
  readonly tuning: Pick<DeliveryRequest, "maxConnections" | "maxBandwidth" | "maxAttempts">;
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
  await requireModelsRoot(options.modelsRoot);
  // Who fails because another agent runs here says so before it says that the port is taken.
  const early = options.awaitRoot === true ? undefined : await takeModelsRoot(options, signal);
  const parts: AgentParts = { gopher: undefined, file: undefined };
  let lease = early;
  let face: AgentFace | undefined;
  try {
    face = await openAgentFace({
      ...options,
      counts: () => parts.gopher?.counts() ?? { active: 0, queued: 0 },
      onChange: () => parts.file?.touch(),
    });
    options.onMetrics?.(face.metrics);
    if (options.awaitRoot === true) lease = await takeModelsRoot(options, signal);
    await runUnderLease(options, face, parts, lease, signal);
  } catch (error) {
    if (!signal.aborted || toStorageError(error, "run", options.modelsRoot).code !== "cancelled") throw error;
  } finally {
    await lease?.release();
    await face?.server.close();
  }
}

/** What the face shows once it is there. */
interface AgentParts {
  gopher: Gopher | undefined;
  file: StatusFile | undefined;
}

async function runUnderLease(
  options: AgentOptions,
  { metrics, board }: AgentFace,
  parts: AgentParts,
  lease: Lease | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { modelsRoot, clock, random, logger } = options;
  const sharing = options.sharing ?? new ContentSharing({ modelsRoot, logger });
  const statusPath = join(layoutOf(modelsRoot).metadata, "status.json");
  const saved = await readStatusFile(statusPath);
  await sharing.load();
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal, ...(lease === undefined ? [] : [lease.lost])]);
  const worker = createDeliveryWorker({
    ...options,
    sharing,
    tuning: { ...options.tuning, lanes: lanesPerModel(memoryLimit(), options.workers, laneCount(undefined)) },
    roots: [modelsRoot, ...options.allowedPaths],
    isWanted: (path) => gopher.wants(path),
  });
  /** Files are written only where the status file says that there are some, so that an agent after this one finds them whatever happens. */
  const recorded: ModelWorker = {
    ...worker,
    deliver: async (...order) => {
      await parts.file?.flush();
      return worker.deliver(...order);
    },
  };
  const publisher = allPublishers([board, metricsPublisher(metrics), ...options.publishers]);
  const gopher = createGopher({
    worker: recorded,
    publisher,
    observer: observeMetrics(metrics, clock.now),
    limits: {
      deliveries: options.workers,
      checks: parallelChecks,
      noProgressMs: options.noProgressMs,
      overallMs: options.downloadTimeoutMs,
    },
    pathUser: options.pathUser,
    clock,
    random,
    logger,
  });
  parts.gopher = gopher;
  if (lease !== undefined) {
    parts.file = createStatusFile({ path: statusPath, snapshot: () => board.snapshot(), clock, logger });
  }
  const { lastGoodStays } = options.source;
  const scout = createScout({ rules: options, gopher, board, metrics, lastGoodStays, saved, logger });
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
    await parts.file?.close();
  }
}
