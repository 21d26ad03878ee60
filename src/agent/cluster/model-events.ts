import type { EventNote, EventRecorder } from "../../kubernetes/event-recorder.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { ModelKey } from "../model-identity.ts";
import type { ModelStatus } from "../status/model-status.ts";
import type { PublishedState } from "./published-state.ts";

export interface ModelEventsOptions {
  readonly recorder: Pick<EventRecorder, "record">;
  readonly find: (key: ModelKey) => KubernetesObject | undefined;
  readonly nodeName: string;
}

/** Events that wait for a slow API server; more are dropped, because they only tell what the status says as well. */
const mostWaiting = 100;

/** Turns transitions into events for people: one for the beginning of a download, one for its end, one for each new reason to fail. */
export class ModelEvents {
  readonly #options: ModelEventsOptions;
  /** Reason of the last event of each model. */
  readonly #last = new Map<ModelKey, string>();
  #waiting = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ModelEventsOptions) {
    this.#options = options;
  }

  note(status: ModelStatus, published: PublishedState): void {
    const note = this.#noteFor(status, published);
    if (note === undefined || this.#last.get(status.key) === note.reason) return;
    const about = this.#options.find(status.key);
    if (about === undefined || this.#waiting >= mostWaiting) return;
    this.#last.set(status.key, note.reason);
    this.#waiting += 1;
    const regarding = { apiVersion: "ome.io/v1beta1", kind: status.identity.kind, metadata: about.metadata };
    this.#queue = this.#queue
      .then(() => this.#options.recorder.record(regarding, note))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  forget(key: ModelKey): void {
    this.#last.delete(key);
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    await this.#queue;
  }

  #noteFor(status: ModelStatus, { state }: PublishedState): EventNote | undefined {
    const { key, reason, message, storageUri, report } = status;
    // What is told is held on to while something else is tried.
    if (status.state !== state) return undefined;
    const node = this.#options.nodeName;
    const last = this.#last.get(key);
    if (state === "Failed") {
      return { type: "Warning", reason, action: "Download", message: `Node ${node}: ${message}` };
    }
    if (state === "Ready") {
      // A model that was Ready all along is no news.
      if (last === undefined || last === "DownloadCompleted") return undefined;
      const what = report === undefined ? message : `${message} ${report.bytes} bytes.`;
      return { type: "Normal", reason: "DownloadCompleted", action: "Download", message: `Node ${node}: ${what}` };
    }
    if (reason !== "Downloading") return undefined;
    const started = `Node ${node}: downloading ${storageUri}.`;
    return { type: "Normal", reason: "DownloadStarted", action: "Download", message: started };
  }
}
