import { ApiClient } from "../../kubernetes/api-client.ts";
import type { ClusterConnection } from "../../kubernetes/cluster-access.ts";
import { EventRecorder } from "../../kubernetes/event-recorder.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { ModelKey } from "../model-identity.ts";
import type { MatchSemantics } from "../ome/node-match.ts";
import type { FoundModel } from "../scout/found-model.ts";
import type { ManifestSource } from "../scout/manifest-source.ts";
import type { SecretSource } from "../secret-source.ts";
import type { ContentSharing } from "../sharing/content-sharing.ts";
import type { StatusPublisher } from "../status/status-publisher.ts";
import { ClusterPublisher } from "./cluster-publisher.ts";
import { clusterSecrets } from "./cluster-secrets.ts";
import { clusterSource } from "./cluster-source.ts";
import { ClusterView } from "./cluster-view.ts";
import { renewLease } from "./heartbeat-lease.ts";
import { ModelEvents } from "./model-events.ts";
import { NodeLabels } from "./node-labels.ts";
import { NodeMap } from "./node-map.ts";
import { SpecWriter } from "./spec-writer.ts";
import { StatusBook } from "./status-book.ts";
import { StatusWriter } from "./status-writer.ts";

export interface ClusterOptions {
  readonly connection: ClusterConnection;
  readonly version: string;
  readonly nodeName: string;
  /** Namespace of the node's ConfigMap, of the agent's Lease and of the Secrets of cluster-wide models. */
  readonly namespace: string;
  /** Who the agent is among those of the node, such as its pod's name. */
  readonly holder: string;
  readonly semantics: MatchSemantics;
  readonly instanceTypes: ReadonlyMap<string, string>;
  readonly sharing: ContentSharing;
  /** See {@link ClusterSourceOptions.startSpreadMs}. */
  readonly startSpreadMs: number;
  /** See {@link ClusterViewOptions.graceMs}. */
  readonly graceMs: number;
  /** See {@link StatusWriterOptions}. */
  readonly progressIntervalMs: number;
  readonly syncIntervalMs: number;
  readonly relistIntervalMs: number | undefined;
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A cluster as the agent's source of wishes and secrets, and as the place where it tells how models stand. */
export interface Cluster {
  readonly source: ManifestSource<FoundModel>;
  readonly secrets: SecretSource;
  readonly publisher: StatusPublisher;
  /** Another model of the cluster that names the same directory. */
  pathUser(path: string, except: ModelKey): ModelKey | undefined;
  /** Counts in these metrics from now on. */
  count(metrics: Metrics): void;
}

/** Milliseconds over which the agents of a cluster spread their writes of one model's object. */
const specSpreadMs = 3_000;

/** Puts together what an agent needs of a cluster. Nothing is asked before the source is watched. */
export function openCluster(options: ClusterOptions): Cluster {
  const { connection, nodeName, namespace, sharing, redact, clock, random, logger } = options;
  let metrics: Metrics | undefined;
  const client = new ApiClient({
    connection,
    userAgent: `model-agent/${options.version}`,
    onAnswer: ({ method, status }) => metrics?.increment("apiRequests", { method, code: String(status) }),
  });
  const view = new ClusterView({ ...options, graceMs: options.graceMs });
  const find = (key: ModelKey): ReturnType<typeof view.objectOf> => view.objectOf(key);
  const labels = new NodeLabels({ client, nodeName });
  const map = new NodeMap({ client, namespace, nodeName });
  const book = new StatusBook((keys) =>
    logger.warn({ keys }, "the node's ConfigMap is full: configurations of models were left out of it"),
  );
  const writer = new StatusWriter({
    ...{ book, labels, map, clock, random, logger },
    progressIntervalMs: options.progressIntervalMs,
    syncIntervalMs: options.syncIntervalMs,
    onWrite: (operation, result) => metrics?.increment("configMapOperations", { operation, result }),
  });
  const recorder = new EventRecorder({
    ...{ client, clock, logger },
    controller: "model-agent",
    instance: nodeName,
    defaultNamespace: "default",
  });
  const events = new ModelEvents({ recorder, find, nodeName });
  const specs = new SpecWriter({ ...{ client, find, clock, random, logger }, spreadMs: specSpreadMs });
  const publisher = new ClusterPublisher({
    ...{ book, writer, labels, map, specs, events, sharing, find, redact, clock, logger },
  });
  const stop = new AbortController();
  let renewing: Promise<void> = Promise.resolve();
  const source = clusterSource({
    ...{ client, nodeName, view, clock, random, logger },
    startSpreadMs: options.startSpreadMs,
    relistIntervalMs: options.relistIntervalMs,
    onStart: async (signal) => {
      await writer.load(signal);
      writer.start();
      renewing = renewLease(
        { ...{ client, namespace, nodeName, clock, random, logger }, holder: options.holder },
        stop.signal,
      );
      return map.present;
    },
    onNode: (node) => {
      labels.see(node);
      writer.touch("state");
    },
    onExpected: (identities) => {
      book.expect(identities);
      writer.touch("state");
    },
    onEvent: (event) => {
      if (event.type === "list") metrics?.increment("watchLists", {});
      if (event.type === "failure") metrics?.increment("watchFailures", { code: event.code });
    },
  });
  return {
    source,
    secrets: clusterSecrets({ client, namespace }),
    publisher: {
      publish: (status) => publisher.publish(status),
      withdraw: (key, identity) => publisher.withdraw(key, identity),
      close: async () => {
        stop.abort();
        await publisher.close();
        await renewing;
        await client.close();
      },
    },
    pathUser: (path, except) => view.userOf(path, except),
    count: (given) => {
      metrics = given;
    },
  };
}
