import { isDeepStrictEqual } from "node:util";
import { toStorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import { backoffDelay } from "../../kubernetes/backoff.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { ObjectName, ReflectorHandler } from "../../kubernetes/reflector.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { type ModelIdentity, type ModelKey, modelKey } from "../model-identity.ts";
import type { ClusterView } from "./cluster-view.ts";
import { modelPath } from "./model-collections.ts";
import { identityOf, readModelObject } from "./model-object.ts";

export interface ModelCollectionOptions {
  readonly kind: ModelIdentity["kind"];
  readonly client: Pick<ApiClient, "send">;
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
  /** Models that there are, as they were seen last. */
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
    } else if (former === undefined || !(isSameSpec(former, object) || isMarked(former, object))) {
      void this.#read(key, identity);
    } else if (!hasSameMarks(former, object)) {
      view.put(readModelObject(kind, { ...former, metadata: object.metadata }));
      onChange();
    }
  }

  onDelete(gone: ObjectName): void {
    const { kind, view, onChange } = this.#options;
    const key = modelKey(identityOf(kind, gone));
    this.#present.delete(key);
    view.remove(key);
    onChange();
  }

  onSynced(): void {
    this.#options.onSynced();
  }

  /** Reads an object until what is read has the spec that was seen last, or the object is gone. */
  async #read(key: ModelKey, identity: ModelIdentity): Promise<void> {
    if (this.#reading.has(key)) return;
    this.#reading.add(key);
    try {
      for (let failures = 0; ; ) {
        const seen = this.#present.get(key);
        if (seen === undefined) return;
        try {
          if (this.#take(key, seen, await this.#get(identity, seen))) return;
        } catch (error) {
          failures += 1;
          await this.#waitOut(key, error, failures);
        }
      }
    } catch {
      // The agent is stopping.
    } finally {
      this.#reading.delete(key);
    }
  }

  /** Not older than what was seen, which the server's cache can answer: every agent of the cluster reads the object at this moment. */
  async #get(identity: ModelIdentity, { resourceVersion }: KubernetesObject["metadata"]): Promise<KubernetesObject> {
    const { client, signal } = this.#options;
    return client.send<KubernetesObject>({
      method: "GET",
      path: modelPath(identity),
      query: { resourceVersion },
      signal,
    });
  }

  /** Whether what was read is good, given what has been seen since; metadata that was seen since stands above what was read. */
  #take(key: ModelKey, seen: KubernetesObject["metadata"], object: KubernetesObject): boolean {
    const { kind, view, onChange } = this.#options;
    const now = this.#present.get(key);
    if (now === undefined) return true;
    const overtaken = now !== seen;
    if (overtaken && !isSameSpec(object, { metadata: now })) return false;
    view.put(readModelObject(kind, overtaken ? { ...object, metadata: now } : object));
    onChange();
    return true;
  }

  async #waitOut(key: ModelKey, error: unknown, failures: number): Promise<void> {
    const { signal, clock, random, logger } = this.#options;
    signal.throwIfAborted();
    const failure = toStorageError(error, "read", key);
    // An object that is gone is not there before the watch says so.
    if (failure.httpStatus !== 404) logger.debug({ model: key, err: failure }, "a model could not be read");
    await clock.sleep(backoffDelay(failures, random, failure.retryAfterMs), signal);
  }
}

function isSameSpec(left: KubernetesObject, right: KubernetesObject): boolean {
  return left.metadata.uid === right.metadata.uid && left.metadata.generation === right.metadata.generation;
}

/** Whether an object is to go, which counts its generation up although its spec is the same, and says all that matters. */
function isMarked(former: KubernetesObject, { metadata }: KubernetesObject): boolean {
  return former.metadata.uid === metadata.uid && metadata.deletionTimestamp !== undefined;
}

function hasSameMarks(left: KubernetesObject, right: KubernetesObject): boolean {
  const marks = ({ metadata }: KubernetesObject): readonly unknown[] => [
    metadata.labels ?? {},
    metadata.annotations ?? {},
    metadata.deletionTimestamp,
  ];
  return isDeepStrictEqual(marks(left), marks(right));
}
