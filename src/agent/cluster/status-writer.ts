import { isStorageError, type StorageError, toStorageError } from "../../errors.ts";
import { backoffDelay } from "../../kubernetes/backoff.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { Flag } from "./flag.ts";
import type { NodeLabels } from "./node-labels.ts";
import type { NodeMap } from "./node-map.ts";
import type { StatusBook } from "./status-book.ts";

export interface StatusWriterOptions {
  readonly book: StatusBook;
  readonly labels: NodeLabels;
  readonly map: NodeMap;
  /** Milliseconds between two writes that tell nothing but progress. */
  readonly progressIntervalMs: number;
  /** Milliseconds between two looks at whether somebody changed or removed the map. */
  readonly syncIntervalMs: number;
  /** Told of every write of the map. */
  readonly onWrite: (operation: "create" | "update", result: "success" | "failure") => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Changes within this time are one write. */
const gatherMs = 150;
/**
 * Bytes per second that progress alone may cost the API server's store, which keeps every version of the map for minutes: a large map is
 * written more seldom, one of 100 models every half a minute.
 */
const progressBytesPerSecond = 2_500;
/** Another writer was faster, which says nothing of the server's health. */
const conflictPause = { baseMs: 50, capMs: 2_000 };
const closingMs = 5_000;

/**
 * The one writer of the node's labels and ConfigMap: labels first, then the map, always from the newest state. While the API
 * server cannot be reached it tries again for ever, and what piled up meanwhile is one write.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #changed: Flag;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #urgent = false;
  #progress = false;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #syncAt = 0;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#changed = new Flag(options.clock);
  }

  /** Reads what the node's map says; tries until it can. Throws only when the signal aborts. */
  async load(signal: AbortSignal): Promise<void> {
    const { map, clock, random, logger } = this.#options;
    for (let failures = 0; ; ) {
      try {
        await map.load(signal);
        this.#planSync();
        return;
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        const failure = toStorageError(error, "read", "the node's ConfigMap");
        logger.warn({ err: failure }, "the node's ConfigMap cannot be read, trying again");
        await clock.sleep(backoffDelay(failures, random, failure.retryAfterMs), signal);
      }
    }
  }

  /** Begins to write, after {@link load}. */
  start(): void {
    this.#running ??= this.#run().catch(() => {});
  }

  /** Something changed; progress can wait, everything else cannot. */
  touch(what: "state" | "progress"): void {
    if (what === "state") this.#urgent = true;
    else this.#progress = true;
    this.#changed.raise();
  }

  /** Writes what is pending, if that can be done within seconds, and ends. */
  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#running === undefined) return;
    await this.#running;
    const limit = AbortSignal.timeout(closingMs);
    await this.#write(limit).catch((error: unknown) => this.#complain(toStorageError(error, "write"), 0));
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; ; ) {
      await this.#wait(signal);
      try {
        await this.#write(signal);
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        this.#urgent = true;
        const failure = toStorageError(error, "write", "the node's status");
        const limits = failure.code === "precondition_failed" ? conflictPause : undefined;
        const delay = backoffDelay(failures, random, failure.retryAfterMs, limits);
        this.#complain(failure, delay);
        await clock.sleep(delay, signal);
      }
    }
  }

  /** Until something is to be written or looked at. */
  async #wait(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      this.#changed.lower();
      const now = clock.monotonic();
      const due = this.#urgent ? now : this.#progress ? this.#writtenAt + this.#progressInterval() : this.#syncAt;
      const left = Math.min(due, this.#syncAt) - now;
      if (left <= 0) break;
      await this.#changed.wait(signal, left);
    }
    await clock.sleep(gatherMs, signal);
  }

  #progressInterval(): number {
    let bytes = 0;
    for (const [key, text] of this.#options.map.present) bytes += key.length + text.length;
    return Math.max(this.#options.progressIntervalMs, (bytes / progressBytesPerSecond) * 1000);
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { labels, map, clock } = this.#options;
    this.#urgent = false;
    this.#progress = false;
    if (clock.monotonic() >= this.#syncAt) {
      await map.refresh(signal);
      this.#planSync();
    }
    const refusal = await this.#writeLabels(signal);
    // The map of a node that is gone is the controller's to remove.
    if (labels.exists || map.exists) await this.#writeMap(signal);
    if (refusal !== undefined) throw refusal;
  }

  /** Returns why the API server will not have the labels: that is no reason to hold back the map. */
  async #writeLabels(signal: AbortSignal): Promise<StorageError | undefined> {
    const { book, labels } = this.#options;
    try {
      await labels.write(book.labels(labels.present), signal);
      return undefined;
    } catch (error) {
      if (isStorageError(error) && (error.httpStatus === 403 || error.httpStatus === 422)) return error;
      throw error;
    }
  }

  async #writeMap(signal: AbortSignal): Promise<void> {
    const { book, map, clock, onWrite } = this.#options;
    const operation = map.exists ? "update" : "create";
    try {
      const done = await map.write(book.data(map.present), clock.now(), signal);
      if (done === "none") return;
      this.#writtenAt = clock.monotonic();
      onWrite(done, "success");
    } catch (error) {
      if (!signal.aborted) onWrite(operation, "failure");
      throw error;
    }
  }

  #planSync(): void {
    const { clock, random, syncIntervalMs } = this.#options;
    this.#syncAt = clock.monotonic() + syncIntervalMs * (0.8 + 0.4 * random());
  }

  #complain(failure: StorageError, delayMs: number): void {
    const fields = { code: failure.code, err: failure, delayMs: Math.round(delayMs) };
    this.#options.logger.warn(fields, "the node's labels and ConfigMap cannot be written, trying again");
  }
}
