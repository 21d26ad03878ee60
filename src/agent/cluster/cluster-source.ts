import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import { Reflector, type ReflectorEvent } from "../../kubernetes/reflector.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { ModelIdentity } from "../model-identity.ts";
import { configMapKey } from "../ome/model-keys.ts";
import type { FoundModel } from "../scout/found-model.ts";
import type { ManifestSource } from "../scout/manifest-source.ts";
import type { ClusterBatch, ClusterView } from "./cluster-view.ts";
import { Flag } from "./flag.ts";
import { ModelCollection } from "./model-collection.ts";
import { modelCollections } from "./model-collections.ts";

export interface ClusterSourceOptions {
  readonly client: ApiClient;
  readonly nodeName: string;
  readonly view: ClusterView;
  /** Agents that start together ask one after the other: each waits up to so many milliseconds. */
  readonly startSpreadMs: number;
  /** See `ReflectorOptions.relistIntervalMs`. */
  readonly relistIntervalMs: number | undefined;
  /** Called before the first request; what it does has to be done before the first batch. */
  readonly onStart: (signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;
  /** The node changed, or went: undefined. */
  readonly onNode: (node: KubernetesObject | undefined) => void;
  /** The models that this node has, or may have, at the start: everything else that is said of models here is out of date. */
  readonly onExpected: (identities: readonly ModelIdentity[]) => void;
  readonly onEvent: (event: ReflectorEvent) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Changes within this time are one batch. */
const gatherMs = 20;

/**
 * The models of a cluster as wishes of one node. Nothing is said before all models, the node and what the node's ConfigMap says
 * have been read once; from then on an API server that cannot be reached changes nothing.
 */
export function clusterSource(options: ClusterSourceOptions): ManifestSource<FoundModel> {
  return { lastGoodStays: false, watch: (signal) => watchCluster(options, signal) };
}

async function* watchCluster(options: ClusterSourceOptions, signal: AbortSignal): AsyncGenerator<ClusterBatch> {
  const { view, clock, random } = options;
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const watch: ClusterWatch = { changed: new Flag(clock), synced: new Set() };
  let watching: Promise<unknown> = Promise.resolve();
  try {
    await clock.sleep(random() * options.startSpreadMs, signal);
    watching = Promise.all(reflectorsOf(options, watch, ended).map((reflector) => reflector.run(ended)));
    const entries = await options.onStart(ended);
    while (watch.synced.size < 3) {
      await watch.changed.wait(ended);
      watch.changed.lower();
    }
    let batch = view.next(clock.monotonic(), (identity) => entries.has(configMapKey(identity)));
    options.onExpected(view.expected());
    yield batch;
    for (;;) {
      await watch.changed.wait(ended, batch.lookAgainMs);
      await clock.sleep(gatherMs, ended);
      watch.changed.lower();
      batch = view.next(clock.monotonic());
      if (!batch.empty) yield batch;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop.abort();
    await watching;
  }
}

/** What the reflectors tell the loop. */
interface ClusterWatch {
  readonly changed: Flag;
  /** Collections of which everything is known. */
  readonly synced: Set<string>;
}

function reflectorsOf(
  options: ClusterSourceOptions,
  { changed, synced }: ClusterWatch,
  signal: AbortSignal,
): readonly Reflector[] {
  const { client, nodeName, view, relistIntervalMs, onEvent, clock, random, logger } = options;
  const common = { client, relistIntervalMs, onEvent, clock, random, logger };
  const modelsOf = (kind: ModelIdentity["kind"]): Reflector =>
    new Reflector({
      ...common,
      path: modelCollections[kind],
      watchMetadata: true,
      handler: new ModelCollection({
        ...{ kind, client, view, signal, clock, random, logger },
        onChange: () => changed.raise(),
        onSynced: () => {
          synced.add(kind);
          changed.raise();
        },
      }),
    });
  const node = new Reflector({
    ...common,
    path: "/api/v1/nodes",
    fieldSelector: `metadata.name=${nodeName}`,
    watchMetadata: true,
    handler: {
      onUpsert: (object) => {
        options.onNode(object);
        synced.add("Node");
        if (view.setNode(object.metadata.labels ?? {})) changed.raise();
      },
      // Models stay: a node without its object is being replaced, or is coming back.
      onDelete: () => options.onNode(undefined),
      onSynced: () => {
        if (!synced.has("Node")) logger.warn({ node: nodeName }, "there is no such node; waiting for it to appear");
        changed.raise();
      },
    },
  });
  return [modelsOf("BaseModel"), modelsOf("ClusterBaseModel"), node];
}
