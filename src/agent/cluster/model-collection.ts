import { isDeepStrictEqual } from "node:util";
import { isStorageError, toStorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import { backoffDelay } from "../../kubernetes/backoff.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { ReflectorHandler } from "../../kubernetes/reflector.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type ModelIdentity, type ModelKey, modelKey } from "../model-identity.ts";
import type { ClusterView } from "./cluster-view.ts";
import { modelPath } from "./model-collections.ts";
import { identityOf, readModelObject } from "./model-object.ts";

export interface ModelCollectionOptions {
  readonly kind: ModelIdentity["kind"];
  readonly client: ApiClient;
  readonly view: ClusterView;
  /** Called after every change of the view, and when the first list is in it. */
  readonly onChange: () => void;
  readonly onSynced: () => void;
  /** Ends the reading of single objects. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Keeps one kind of models in the view. The status of a model names every node that has it, so that in a large cluster each change of it
 * is large, and there is one for each node: metadata is watched, and an object is read again when its generation says that more than
 * its status changed.
 */
export class ModelCollection implements ReflectorHandler {
  readonly #options: ModelCollectionOptions;
  /** Models that there are, with the generation that was seen last. */
  readonly #present = new Map<ModelKey, KubernetesObject["metadata"]>();
  readonly #reading = new Set<ModelKey>();

  constructor(options: ModelCollectionOptions) {
    this.#options = options;
  }

  onUpsert(object: KubernetesObject): void {
    const { kind, view, onChange } = this.#options;
    const identity = identityOf(kind, object);
    const key = modelKey(identity);
    const former = view.objectOf(key);
    this.#present.set(key, object.metadata);
    if (object.kind !== "PartialObjectMetadata") {
      view.put(readModelObject(kind, object));
      onChange();
    } else if (former === undefined || !isSameSpec(former, object)) {
      void this.#read(key, identity);
    } else if (!hasSameMarks(former, object)) {
      view.put(readModelObject(kind, { ...former, metadata: object.metadata }));
      onChange();
    }
  }

  onDelete(last: KubernetesObject): void {
    const { kind, view, onChange } = this.#options;
    const key = modelKey(identityOf(kind, last));
    this.#present.delete(key);
    view.remove(key);
    onChange();
  }

  onSynced(): void {
    this.#options.onSynced();
  }

  /** Reads an object until what is read is what was seen last, or it is gone. */
  async #read(key: ModelKey, identity: ModelIdentity): Promise<void> {
    if (this.#reading.has(key)) return;
    this.#reading.add(key);
    const { kind, client, view, onChange, signal, clock, random, logger } = this.#options;
    let failures = 0;
    try {
      for (let seen = this.#present.get(key); seen !== undefined; ) {
        try {
          const object = await client.send<KubernetesObject>({ method: "GET", path: modelPath(identity), signal });
          const now = this.#present.get(key);
          if (now === undefined) return;
          view.put(readModelObject(kind, object));
          onChange();
          if (now === seen || isSameSpec(object, { metadata: now })) return;
          seen = now;
        } catch (error) {
          if (signal.aborted) return;
          failures += 1;
          const failure = toStorageError(error, "read", key);
          if (!(isStorageError(error) && error.httpStatus === 404))
            logger.debug({ model: key, err: failure }, "a model could not be read");
          await clock.sleep(backoffDelay(failures, random, failure.retryAfterMs), signal);
          seen = this.#present.get(key);
        }
      }
    } catch {
      // The agent is stopping.
    } finally {
      this.#reading.delete(key);
    }
  }
}

function isSameSpec(left: KubernetesObject, right: KubernetesObject): boolean {
  return left.metadata.uid === right.metadata.uid && left.metadata.generation === right.metadata.generation;
}

function hasSameMarks(left: KubernetesObject, right: KubernetesObject): boolean {
  const marks = ({ metadata }: KubernetesObject): readonly unknown[] => [
    metadata.labels ?? {},
    metadata.annotations ?? {},
    metadata.deletionTimestamp,
  ];
  return isDeepStrictEqual(marks(left), marks(right));
}
