import { isStorageError, StorageError, toStorageError } from "../errors.ts";
import { type Clock, type Random, systemClock } from "../telemetry/clock.ts";
import { type Logger, silentLogger } from "../telemetry/logger.ts";
import type { ApiClient } from "./api-client.ts";
import { apiError } from "./api-error.ts";
import { backoffDelay } from "./backoff.ts";
import { type KubernetesObject, type ObjectMetadata, objectKey } from "./kubernetes-object.ts";
import { parseWatchEvent } from "./watch-event.ts";

/** Receives every change in the order of the server. Handlers must not block: they note what is wanted and return. */
export interface ReflectorHandler {
  /** `isNew` for an object seen for the first time. Not called when nothing changed. */
  onUpsert(object: KubernetesObject, isNew: boolean): void;
  /** Also for objects that vanished while no watch was open. */
  onDelete(gone: ObjectName): void;
  /** The first complete list has been handed over. */
  onSynced?(): void;
}

/** Which object it is, and which state of it was seen last. */
export interface ObjectName {
  readonly metadata: Pick<ObjectMetadata, "name" | "namespace" | "uid" | "resourceVersion">;
}

/** Things worth counting. */
export type ReflectorEvent =
  | { readonly type: "list"; readonly objects: number; readonly pages: number }
  | { readonly type: "watch" }
  | { readonly type: "change" }
  | { readonly type: "failure"; readonly code: string; readonly delayMs: number };

export interface ReflectorOptions {
  readonly client: ApiClient;
  /** Collection path, such as `/apis/ome.io/v1beta1/clusterbasemodels`. */
  readonly path: string;
  readonly fieldSelector?: string | undefined;
  readonly handler: ReflectorHandler;
  /**
   * After the first list, which is whole, asks for metadata alone: objects come as `PartialObjectMetadata`, unless the server does not
   * know that form. For objects whose status is large and changes often.
   */
  readonly watchMetadata?: boolean | undefined;
  /** Objects per page of a list. Default 500. */
  readonly pageSize?: number | undefined;
  /** Seconds that a watch may last, drawn anew each time. Default 300 to 600. */
  readonly watchSeconds?: readonly [number, number] | undefined;
  /** Milliseconds between full lists, as a guard against events that a server lost. Default one hour, +-20 %. */
  readonly relistIntervalMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  readonly onEvent?: ((event: ReflectorEvent) => void) | undefined;
}

/** Milliseconds past its own time limit after which a watch counts as dead. */
const watchdogMarginMs = 15_000;
/** A watch that ended sooner than this without an event counts as a failure, or a broken proxy would be asked without pause. */
const shortWatchMs = 1_000;

/**
 * Follows one collection of the API: list, then watch from there, for ever. It never gives up: every failure is waited out
 * with jitter, and an expired version leads to a new list. Runs until the signal aborts, then resolves. Of the objects it remembers
 * names and versions only: what is to be kept of them is the handler's.
 */
export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #known = new Map<string, ObjectName>();
  #version: string | undefined;
  #synced = false;
  #failures = 0;
  #listedAt = 0;
  #relistAfterMs = 0;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#logger = (options.logger ?? silentLogger).child({ path: options.path });
  }

  /** Objects that there are. */
  get size(): number {
    return this.#known.size;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined || this.#clock.monotonic() - this.#listedAt > this.#relistAfterMs)
          await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(await this.#waitOut(toStorageError(error, "watch", this.#options.path), signal))) return;
      }
    }
  }

  /** False when the signal aborted meanwhile. */
  async #waitOut(error: StorageError, signal: AbortSignal): Promise<boolean> {
    this.#failures += 1;
    if (isExpired(error)) this.#version = undefined;
    const delayMs = backoffDelay(this.#failures, this.#random, error.retryAfterMs);
    this.#options.onEvent?.({ type: "failure", code: error.code, delayMs });
    const fields = { code: error.code, reason: error.serviceCode, error: error.message, delayMs: Math.round(delayMs) };
    if (this.#failures <= 1 || isExpired(error)) this.#logger.debug(fields, "watch interrupted");
    else this.#logger.warn(fields, "API server cannot be watched, trying again");
    try {
      await this.#clock.sleep(delayMs, signal);
      return true;
    } catch {
      return false;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const found = new Map<string, KubernetesObject>();
    let page: string | undefined;
    let pages = 0;
    let version: string | undefined;
    do {
      const answer: ListAnswer = await this.#options.client.send<ListAnswer>({
        method: "GET",
        path: this.#options.path,
        query: { limit: this.#options.pageSize ?? 500, continue: page, fieldSelector: this.#options.fieldSelector },
        metadataOnly: this.#options.watchMetadata === true && this.#synced ? "list" : false,
        signal,
      });
      for (const item of itemsOf(answer)) found.set(objectKey(item), item);
      version = answer.metadata?.resourceVersion;
      page = answer.metadata?.continue === "" ? undefined : answer.metadata?.continue;
      pages += 1;
    } while (page !== undefined);
    if (version === undefined) {
      throw new StorageError({
        code: "protocol",
        operation: "list",
        target: this.#options.path,
        provider: "kubernetes",
        detail: "the list has no resourceVersion",
        hint: "Check what answers under the API server's address.",
      });
    }
    this.#replace(found);
    this.#version = version;
    this.#listedAt = this.#clock.monotonic();
    this.#relistAfterMs = (this.#options.relistIntervalMs ?? 3_600_000) * (0.8 + 0.4 * this.#random());
    this.#options.onEvent?.({ type: "list", objects: found.size, pages });
    if (!this.#synced) {
      this.#synced = true;
      this.#options.handler.onSynced?.();
    }
  }

  #replace(found: ReadonlyMap<string, KubernetesObject>): void {
    for (const [key, former] of [...this.#known]) {
      const now = found.get(key);
      // The same name with another uid is another object: the former one is gone first.
      if (now === undefined || now.metadata.uid !== former.metadata.uid) this.#remove(key, former);
    }
    for (const [key, object] of found) this.#upsert(key, object);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const [least, most] = this.#options.watchSeconds ?? [300, 600];
    const timeoutSeconds = Math.round(least + this.#random() * (most - least));
    const dead = new AbortController();
    const watchdog = this.#clock
      .sleep(timeoutSeconds * 1000 + watchdogMarginMs, AbortSignal.any([signal, dead.signal]))
      .then(() => dead.abort(new DOMException("the watch outlived its time limit", "TimeoutError")))
      .catch(() => {});
    const openedAt = this.#clock.monotonic();
    let events = 0;
    try {
      const stream = await this.#options.client.watch({
        path: this.#options.path,
        query: {
          resourceVersion: this.#version,
          allowWatchBookmarks: true,
          timeoutSeconds,
          fieldSelector: this.#options.fieldSelector,
        },
        metadataOnly: this.#options.watchMetadata,
        signal: AbortSignal.any([signal, dead.signal]),
      });
      this.#options.onEvent?.({ type: "watch" });
      for await (const line of stream.lines) {
        this.#apply(line);
        events += 1;
        this.#failures = 0;
      }
    } finally {
      dead.abort();
      await watchdog;
    }
    if (events === 0 && this.#clock.monotonic() - openedAt < shortWatchMs) {
      throw new StorageError({
        code: "unavailable",
        operation: "watch",
        target: this.#options.path,
        provider: "kubernetes",
        detail: "the watch ended as soon as it was opened",
        hint: "The agent opens it again by itself.",
      });
    }
    this.#failures = 0;
  }

  #apply(line: unknown): void {
    const event = parseWatchEvent(line);
    if (event === undefined) {
      throw new StorageError({
        code: "protocol",
        operation: "watch",
        target: this.#options.path,
        provider: "kubernetes",
        detail: "the server sent something that is no watch event",
        hint: "The agent opens the watch again by itself.",
      });
    }
    if (event.type === "ERROR") throw apiError("watch", this.#options.path, event.status.code ?? 500, event.status);
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      return;
    }
    const key = objectKey(event.object);
    const former = this.#known.get(key);
    if (event.type === "DELETED") {
      if (former !== undefined) this.#remove(key, former);
    } else {
      if (former !== undefined && former.metadata.uid !== event.object.metadata.uid) this.#remove(key, former);
      this.#upsert(key, event.object);
    }
    this.#version = event.object.metadata.resourceVersion;
    this.#options.onEvent?.({ type: "change" });
  }

  #upsert(key: string, object: KubernetesObject): void {
    const former = this.#known.get(key)?.metadata;
    const { name, namespace, uid, resourceVersion } = object.metadata;
    if (former?.resourceVersion === resourceVersion && former?.uid === uid) return;
    this.#known.set(key, { metadata: { name, namespace, uid, resourceVersion } });
    this.#options.handler.onUpsert(object, former === undefined);
  }

  #remove(key: string, gone: ObjectName): void {
    this.#known.delete(key);
    this.#options.handler.onDelete(gone);
  }
}

/** The objects of a list; those that are metadata alone say so in a watch, but need not in a list. */
function itemsOf({ kind, items = [] }: ListAnswer): readonly KubernetesObject[] {
  if (kind !== "PartialObjectMetadataList") return items;
  return items.map((item) => ({ ...item, kind: "PartialObjectMetadata" }));
}

interface ListAnswer {
  readonly kind?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubernetesObject[];
}

/** The version to watch from, or the page to continue with, is gone: only a new list helps. */
function isExpired(error: unknown): boolean {
  return (
    isStorageError(error) &&
    (error.httpStatus === 410 || error.serviceCode === "Expired" || error.serviceCode === "Gone")
  );
}
