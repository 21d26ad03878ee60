import { readlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { DownloadProgress } from "../../telemetry/progress.ts";
import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import {
  type EntryConfig,
  type EntryProgress,
  entryConfig,
  type ModelEntry,
  parseModelEntry,
} from "../ome/model-entry.ts";
import { configMapKey, nodeLabelKey } from "../ome/model-keys.ts";
import { skipConfigurationAnnotation } from "../ome/spec-changes.ts";
import type { ContentSharing } from "../sharing/content-sharing.ts";
import type { ModelStatus } from "../status/model-status.ts";
import type { StatusPublisher } from "../status/status-publisher.ts";
import { artifactOf } from "./model-artifact.ts";
import type { ModelEvents } from "./model-events.ts";
import type { NodeLabels } from "./node-labels.ts";
import type { NodeMap } from "./node-map.ts";
import { type PublishedState, stateToPublish } from "./published-state.ts";
import { type ModelFacts, readModel } from "./read-model.ts";
import type { SpecWriter } from "./spec-writer.ts";
import type { StatusBook } from "./status-book.ts";
import type { StatusWriter } from "./status-writer.ts";

export interface ClusterPublisherOptions {
  readonly book: StatusBook;
  readonly writer: StatusWriter;
  readonly labels: NodeLabels;
  readonly map: NodeMap;
  readonly specs: SpecWriter;
  readonly events: ModelEvents;
  readonly sharing: ContentSharing;
  readonly find: (key: ModelKey) => KubernetesObject | undefined;
  /** Takes secrets out of what people write into messages. */
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is known of one model beside its present status. */
interface PublishedModel {
  readonly key: string;
  status: ModelStatus;
  published: PublishedState | undefined;
  config: EntryConfig | undefined;
  facts: ModelFacts | undefined;
  /** Why it failed last: told as long as it is Failed, also while it is being tried again. */
  failure: Pick<ModelStatus, "reason" | "message"> | undefined;
  /** Fields of newer writers, passed on. */
  readonly others: Readonly<Record<string, unknown>>;
  /** Progress as last told, with its time. */
  progress: EntryProgress | undefined;
  text: string;
}

/** Characters of a reason in the map, which has little room. */
const longestMessage = 512;

/** Tells the cluster how models stand: labels of the node, entries of its ConfigMap, fields of the models' objects, events. */
export class ClusterPublisher implements StatusPublisher {
  readonly #options: ClusterPublisherOptions;
  readonly #models = new Map<ModelKey, PublishedModel>();
  readonly #reading = new Set<Promise<void>>();

  constructor(options: ClusterPublisherOptions) {
    this.#options = options;
    options.sharing.onChange((path) => this.#shared(path));
  }

  publish(status: ModelStatus): void {
    const model = this.#models.get(status.key) ?? this.#begin(status);
    model.status = status;
    const next = stateToPublish(model.published, status);
    if (status.state !== "Ready") {
      this.#tell(model, next);
      return;
    }
    const work = this.#tellReady(model, status, next).finally(() => this.#reading.delete(work));
    this.#reading.add(work);
  }

  withdraw(key: ModelKey, identity: ModelIdentity): void {
    const { book, writer, events } = this.#options;
    this.#models.delete(key);
    events.forget(key);
    book.withdraw(identity);
    writer.touch("state");
  }

  /** Delivers what is pending. */
  async close(): Promise<void> {
    const { writer, specs } = this.#options;
    await Promise.all(this.#reading);
    await Promise.all([writer.close(), specs.close()]);
  }

  /** Takes over what a former agent said of the model. Its word is trusted only where label and entry agree. */
  #begin(status: ModelStatus): PublishedModel {
    const { labels, map } = this.#options;
    const key = configMapKey(status.identity);
    const entry = parseModelEntry(map.present.get(key) ?? "");
    const { name: _, status: state, config, progress: __, reason: ___, message: ____, ...others } = entry ?? {};
    const label = labels.present[nodeLabelKey(status.identity)];
    const published =
      state === undefined || state === "Deleted" || state !== label ? undefined : { state, onTrust: state === "Ready" };
    const model = {
      key,
      status,
      published,
      config,
      others,
      facts: undefined,
      failure: undefined,
      progress: undefined,
      text: "",
    };
    this.#models.set(status.key, model);
    return model;
  }

  /** Reads the model's configuration before it is called Ready, so that whoever waits for that finds everything. */
  async #tellReady(model: PublishedModel, status: ModelStatus, next: PublishedState): Promise<void> {
    const { find, specs, logger } = this.#options;
    const { key, identity, mode, path } = status;
    if (mode === "external") {
      this.#tell(model, next);
      return;
    }
    const annotation = find(key)?.metadata.annotations?.[skipConfigurationAnnotation] ?? "";
    const withConfiguration = annotation.toLowerCase() !== "true";
    const facts = await readModel(path, { withConfiguration });
    const inherited = await inheritedSharers(model.config?.artifact?.childrenPaths ?? [], path);
    if (this.#models.get(key) !== model || model.status !== status) return;
    if (facts.failure !== undefined) {
      logger.info({ model: key, reason: facts.failure.detail }, "the model's configuration cannot be read");
    }
    model.facts = facts;
    model.config = this.#configOf(model, facts, inherited);
    this.#tell(model, next);
    if (facts.configuration !== undefined) specs.fill(key, identity, facts.configuration);
  }

  #configOf(model: PublishedModel, facts: ModelFacts, inherited: readonly string[] = []): EntryConfig | undefined {
    const { sharing } = this.#options;
    const { path, mode } = model.status;
    const target = sharing.targetOf(path);
    const owner = [...this.#models.values()].find((other) => other.status.path === target);
    const artifact =
      mode !== "deliver"
        ? undefined
        : artifactOf({
            ...{ key: model.key, path, target, sha: facts.sha },
            targetKey: owner?.key,
            sharers: [...new Set([...sharing.sharersOf(path), ...inherited])].sort(),
            former: model.config?.artifact,
          });
    const record = artifact ?? { sha: "", parentPath: null, childrenPaths: null };
    if (facts.configuration !== undefined) return entryConfig(facts.configuration, record);
    if (artifact === undefined) return undefined;
    const { sha, parentPath, childrenPaths } = artifact;
    return { artifact: { sha, parentPath: { ...parentPath }, childrenPaths: childrenPaths && [...childrenPaths] } };
  }

  /** The sharing of a directory changed: the bookkeeping of its model follows. */
  #shared(path: string): void {
    for (const model of this.#models.values()) {
      const { status, published, facts } = model;
      if (status.path !== path || facts === undefined || published?.state !== "Ready") continue;
      model.config = this.#configOf(model, facts);
      this.#tell(model, published);
    }
  }

  #tell(model: PublishedModel, next: PublishedState): void {
    const { book, writer, events } = this.#options;
    const { status } = model;
    const entry = this.#entryOf(model, next);
    const { progress: _, ...lasting } = entry;
    const text = JSON.stringify(lasting);
    const news = text !== model.text;
    model.text = text;
    model.published = next;
    book.put(status.identity, entry);
    writer.touch(news ? "state" : "progress");
    events.note(status, next);
  }

  #entryOf(model: PublishedModel, { state }: PublishedState): ModelEntry {
    const { status, config, others } = model;
    if (status.state === "Failed") {
      model.failure = { reason: status.reason, message: this.#options.redact(status.message).slice(0, longestMessage) };
    }
    model.progress =
      status.progress === undefined || state !== "Updating"
        ? undefined
        : progressOf(status.progress, this.#options.clock.now());
    return {
      name: status.identity.name,
      status: state,
      ...(config === undefined ? {} : { config }),
      ...(model.progress === undefined ? {} : { progress: model.progress }),
      ...(state === "Failed" ? model.failure : {}),
      ...others,
    };
  }
}

function progressOf(progress: DownloadProgress, now: number): EntryProgress {
  const { phase, totalBytes, completedBytes, totalFiles, completedFiles, bytesPerSecond } = progress;
  const lastUpdated = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  return {
    phase,
    totalBytes,
    completedBytes,
    totalFiles,
    completedFiles,
    speedBytesPerSec: bytesPerSecond,
    lastUpdated,
  };
}

/** Directories that a former agent made links of to this one, as far as they still are. */
async function inheritedSharers(paths: readonly string[], target: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const leadsTo = await readlink(path).catch(() => undefined);
    if (leadsTo !== undefined && resolve(dirname(path), leadsTo) === target) found.push(path);
  }
  return found;
}
