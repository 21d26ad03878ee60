import { isStorageError } from "../errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ApiClient } from "./api-client.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";

/** One thing that happened to an object, for `kubectl describe`. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** CamelCase, stable, such as `DownloadCompleted`. */
  readonly reason: string;
  /** For people; no secrets. Cut at 1024 characters, the API's limit. */
  readonly message: string;
  readonly action: string;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** `model-agent`. */
  readonly controller: string;
  /** Node or pod name: who says it. */
  readonly instance: string;
  /** Namespace for events about cluster-scoped objects. */
  readonly defaultNamespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes `events.k8s.io/v1` events. Where the right to do so is missing it says so once; a namespace that refused them is not asked
 * again: events are a service to people, nothing depends on them.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #closed = new Set<string>();
  #serial = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  async record(about: KubernetesObject, note: EventNote, signal?: AbortSignal): Promise<void> {
    const { client, controller, instance, clock, logger } = this.#options;
    const namespace = about.metadata.namespace ?? this.#options.defaultNamespace;
    if (this.#closed.has(namespace)) return;
    this.#serial += 1;
    const now = new Date(clock.now()).toISOString().replace(/Z$/, "000Z");
    try {
      await client.send({
        method: "POST",
        path: `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
        signal,
        body: {
          apiVersion: "events.k8s.io/v1",
          kind: "Event",
          metadata: {
            name: `${about.metadata.name.slice(0, 200)}.${clock.now().toString(16)}${this.#serial.toString(16).padStart(4, "0")}`,
            namespace,
          },
          eventTime: now,
          reportingController: controller,
          reportingInstance: instance.slice(0, 128),
          action: note.action,
          reason: note.reason,
          type: note.type,
          note: note.message.slice(0, 1024),
          regarding: {
            apiVersion: about.apiVersion,
            kind: about.kind,
            name: about.metadata.name,
            ...(about.metadata.namespace === undefined ? {} : { namespace: about.metadata.namespace }),
            uid: about.metadata.uid,
          },
        },
      });
    } catch (error) {
      if (isStorageError(error) && (error.httpStatus === 403 || error.httpStatus === 404)) {
        this.#closed.add(namespace);
        if (this.#closed.size === 1) {
          logger.info(
            { namespace, reason: error.detail },
            "events are not written: the right to create them is not granted",
          );
        }
        return;
      }
      logger.debug({ error: String(error), reason: note.reason }, "event could not be written");
    }
  }
}
