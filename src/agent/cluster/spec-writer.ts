import { toStorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import { updateObject } from "../../kubernetes/update-object.ts";
import type { ModelConfiguration } from "../../models/configuration/read-configuration.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import { type ModelSpec, specChanges } from "../ome/spec-changes.ts";
import { modelPath } from "./model-collections.ts";

export interface SpecWriterOptions {
  readonly client: ApiClient;
  /** The object as the watch showed it last. */
  readonly find: (key: ModelKey) => KubernetesObject | undefined;
  /** Milliseconds over which the agents of a cluster spread their writes of one object. */
  readonly spreadMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Fills in what a model's object leaves open. Every node that has the model could write the same, so each waits a random moment and
 * looks whether it is still needed; most find that another node was faster. A failure is logged and nothing else: the model is Ready.
 */
export class SpecWriter {
  readonly #options: SpecWriterOptions;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: SpecWriterOptions) {
    this.#options = options;
  }

  fill(key: ModelKey, identity: ModelIdentity, configuration: ModelConfiguration): void {
    if (!this.#isNeeded(key, configuration)) return;
    const work = this.#fill(key, identity, configuration).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  #isNeeded(key: ModelKey, configuration: ModelConfiguration): boolean {
    const object = this.#options.find(key);
    return object !== undefined && specChanges(specOf(object), configuration) !== undefined;
  }

  async #fill(key: ModelKey, identity: ModelIdentity, configuration: ModelConfiguration): Promise<void> {
    const { client, clock, random, spreadMs, logger } = this.#options;
    const { signal } = this.#stop;
    try {
      await clock.sleep(random() * spreadMs, signal);
      if (!this.#isNeeded(key, configuration)) return;
      const uid = this.#options.find(key)?.metadata.uid;
      await updateObject({
        ...{ client, clock, random, signal },
        path: modelPath(identity),
        change: (latest) => {
          if (latest === undefined || latest.metadata.uid !== uid) return undefined;
          const changes = specChanges(specOf(latest), configuration);
          return changes === undefined ? undefined : { ...latest, spec: { ...specOf(latest), ...changes } };
        },
      });
    } catch (error) {
      if (signal.aborted) return;
      const failure = toStorageError(error, "fill in", key);
      logger.warn({ model: key, code: failure.code, err: failure }, "the model's object could not be filled in");
    }
  }
}

function specOf(object: KubernetesObject): ModelSpec {
  return (object["spec"] ?? {}) as ModelSpec;
}
