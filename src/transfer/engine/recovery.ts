import { toStorageError } from "../../errors.ts";
import type { ReadFailure } from "../http/read-failure.ts";
import type { LaneEvent } from "../lane/lane-messages.ts";
import { classifyFailure, type FailureClass } from "../policy/classify-failure.ts";
import { isOutage, outageDelay } from "../policy/outage.ts";
import { retryDelay } from "../policy/retry-delay.ts";
import type { ActiveRun, Dispatcher } from "./dispatcher.ts";
import type { FileTask } from "./file-task.ts";
import type { Locator } from "./locator.ts";
import type { PartTask } from "./part-task.ts";
import type { Scheduler } from "./scheduler.ts";
import type { TransferContext } from "./transfer-context.ts";
import { transferFailure } from "./transfer-failure.ts";

type PartFailed = Extract<LaneEvent, { type: "part-failed" }>;

/** Less than this gained by an attempt is no progress: a server that gives a few bytes each time must not go on for ever. */
const progressBytes = 64 * 1024;
const defaultMaxAttempts = 8;
/** A service that asks for more than this (milliseconds) is not waited for: the caller is told instead. */
const longestWaitMs = 120_000;

/** What recovery needs of the engine. */
export interface RecoveryPorts {
  /** Reads a file anew, with nothing taken over. */
  restart(file: FileTask, reason: string): Promise<void>;
}

/** Decides what follows a failed attempt: once more, elsewhere, anew, or the end of the transfer. */
export class Recovery {
  readonly #context: TransferContext;
  readonly #scheduler: Scheduler;
  readonly #dispatcher: Dispatcher;
  readonly #locator: Locator;
  readonly #ports: RecoveryPorts;

  constructor(
    context: TransferContext,
    scheduler: Scheduler,
    dispatcher: Dispatcher,
    locator: Locator,
    ports: RecoveryPorts,
  ) {
    this.#context = context;
    this.#scheduler = scheduler;
    this.#dispatcher = dispatcher;
    this.#locator = locator;
    this.#ports = ports;
  }

  /** An attempt failed. `run` is undefined when it is over already. */
  partFailed(event: PartFailed, part: PartTask, run: ActiveRun | undefined): void {
    const { failure, frontier, gained } = event;
    part.runs.delete(event.run);
    part.frontier = Math.max(part.frontier, frontier);
    if (part.runs.size === 0) part.received = part.frontier;
    if (gained >= Math.min(progressBytes, part.end - part.start)) {
      part.attempts = 0;
      part.failingSince = undefined;
    }
    if (failure.kind === "stalled") {
      this.#context.emit({ type: "stall", source: part.file.source.id, path: part.file.file.path });
    }
    const kind = classifyFailure(failure);
    if (kind === "throttled") this.#throttled(part, run, failure);
    const { file } = part;
    if (part.runs.size > 0) {
      const { id } = file.source;
      this.#context.emit({ type: "retry", source: id, path: file.file.path, code: failure.kind, delayMs: 0 });
      return;
    }
    if (run !== undefined && run.sourceId !== file.source.id) {
      part.attempts = 0;
      this.#scheduler.retry(part, 0);
    } else this.#act(kind, part, failure, run);
  }

  #act(kind: FailureClass, part: PartTask, failure: ReadFailure, run: ActiveRun | undefined): void {
    const { file } = part;
    switch (kind) {
      case "transient":
      case "throttled":
        this.#again(part, failure, kind === "throttled", run);
        return;
      case "redirect":
        void this.#redirect(part, failure, run);
        return;
      case "refused":
        this.#refused(part, failure, run);
        return;
      case "changed":
        this.changed(file, failure);
        return;
      case "unranged":
        this.#readWhole(file, failure.detail);
        return;
      case "undigested":
        this.#undigested(file, failure);
        return;
      case "permanent":
        this.#elsewhere(part, failure);
    }
  }

  /** The server does not tell digests of ranges in this algorithm: the file is proven by what else there is. */
  #undigested(file: FileTask, { detail }: ReadFailure): void {
    const { check } = file.plan;
    if (file.restarting || check.by !== "ranges") return;
    file.rangeDigests = file.rangeDigests.filter(({ algorithm }) => algorithm !== check.digest.algorithm);
    void this.#ports.restart(file, detail);
  }

  #throttled(part: PartTask, run: ActiveRun | undefined, failure: ReadFailure): void {
    const { source } = part.file;
    const { now } = this.#context;
    run?.endpoint.controller.overloaded(now);
    const delayMs = failure.retryAfterMs;
    if (delayMs === undefined || delayMs <= 0 || delayMs > longestWaitMs) return;
    const guard = this.#context.scope(source.scope);
    if (guard.waitMs(now) >= delayMs) return;
    guard.coolDown(now + delayMs);
    this.#context.emit({ type: "cool-down", source: source.id, scope: source.scope, delayMs });
    this.#context.later(delayMs + 1, () => this.#scheduler.pump());
    for (const { id, scope, lane } of this.#dispatcher.runs.values()) {
      if (scope === source.scope) lane.send({ type: "hold", run: id });
    }
  }

  #again(part: PartTask, failure: ReadFailure, throttled: boolean, run: ActiveRun | undefined): void {
    const { file } = part;
    const { now, random, health } = this.#context;
    part.failingSince ??= now;
    const unanswered = failure.kind === "connect" || failure.kind === "connection" || failure.kind === "stalled";
    const outage =
      unanswered &&
      run !== undefined &&
      isOutage({ now, lastAnswer: run.endpoint.lastAnswer, failingSince: part.failingSince });
    if (unanswered) health.failed(file.source.id, now);
    const tooLong = (failure.retryAfterMs ?? 0) > longestWaitMs;
    if (tooLong || (!outage && part.attempts >= (this.#context.options.maxAttempts ?? defaultMaxAttempts))) {
      this.#elsewhere(part, failure);
      return;
    }
    const planned = part.attempts === 0 ? 0 : retryDelay(part.attempts, throttled, failure.retryAfterMs, random);
    const delayMs = outage
      ? outageDelay(planned, random)
      : planned + this.#context.scope(file.source.scope).payRetry(now);
    part.fresh = true;
    const { id } = file.source;
    this.#context.emit({ type: "retry", source: id, path: file.file.path, code: failure.kind, delayMs });
    this.#scheduler.retry(part, unanswered && this.#switchSource(file) ? 0 : delayMs);
  }

  async #redirect(part: PartTask, failure: ReadFailure, run: ActiveRun | undefined): Promise<void> {
    const { file } = part;
    const access = file.current;
    part.attempts = Math.max(0, part.attempts - 1);
    if (file.locating || !access.holds(run?.located)) {
      this.#scheduler.retry(part, 0);
      return;
    }
    const next = access.follow(failure.location ?? "");
    if ("detail" in next) {
      this.#elsewhere(part, next);
      return;
    }
    this.#scheduler.retry(part, 0);
    file.locating = true;
    try {
      await this.#locator.redirect(access, next);
    } catch (error) {
      file.locating = false;
      this.#context.tell(() => this.unlocated(file, error));
      return;
    }
    file.locating = false;
    this.#context.tell(() => this.#scheduler.pump());
  }

  /** The signature may have expired: the source is located again, without counting an attempt. */
  #refused(part: PartTask, failure: ReadFailure, run: ActiveRun | undefined): void {
    const { file } = part;
    const access = file.current;
    if (access.holds(run?.located) && !access.refused(this.#context.clock.now())) {
      this.#elsewhere(part, failure);
      return;
    }
    part.attempts = Math.max(0, part.attempts - 1);
    this.#context.emit({ type: "relocate", source: file.source.id, path: file.file.path });
    this.#scheduler.retry(part, 0);
  }

  /** The object is another version than the one that was begun: the file is read anew, once. */
  changed(file: FileTask, failure: ReadFailure): void {
    if (file.restarting) return;
    if (file.restarts > 0 && !this.giveUpSource(file, failure, file.restarts + 1)) return;
    file.restarts += 1;
    file.current.invalidate();
    void this.#ports.restart(file, failure.detail);
  }

  /** Nothing shows that two answers are of one version: the file is read anew with one request, whose answer is one. */
  unpinned(file: FileTask, detail: string): void {
    if (file.restarting) return;
    if (file.rangesWork) this.#readWhole(file, detail);
    else this.changed(file, { kind: "changed", detail });
  }

  #readWhole(file: FileTask, reason: string): void {
    file.rangesWork = false;
    void this.#ports.restart(file, reason);
  }

  /** This source cannot give the part: another one has to, or the transfer fails. */
  #elsewhere(part: PartTask, failure: ReadFailure): void {
    const { file } = part;
    const local = failure.kind === "no-space" || failure.kind === "disk";
    if (!local && this.giveUpSource(file, failure, part.attempts)) this.#scheduler.retry(part, 0);
    else if (local) this.#context.fail(transferFailure(failure, file.source, file.file.path, part.attempts));
  }

  /** The source cannot give the file. True when it is read from another one now; otherwise the transfer has failed. */
  giveUpSource(file: FileTask, failure: ReadFailure, attempts: number): boolean {
    file.current.excluded = failure;
    const error = transferFailure(failure, file.source, file.file.path, Math.max(1, attempts));
    if (!this.#switchSource(file)) {
      this.#context.fail(error);
      return false;
    }
    this.#context.logger.warn({ path: file.file.path, error: error.message }, "a source was given up");
    return true;
  }

  /** Locating the file's source failed. */
  unlocated(file: FileTask, error: unknown): void {
    const known = toStorageError(error, "locate", file.source.target);
    file.locateFailures += 1;
    const { random, options } = this.#context;
    if (known.retry === "temporary" && file.locateFailures < (options.maxAttempts ?? defaultMaxAttempts)) {
      const delayMs = retryDelay(file.locateFailures, known.code === "rate_limited", known.retryAfterMs, random);
      this.#context.emit({ type: "retry", source: file.source.id, path: file.file.path, code: known.code, delayMs });
      file.locating = true;
      this.#context.later(delayMs, () => {
        file.locating = false;
        void this.#scheduler.locate(file);
      });
      return;
    }
    const failure: ReadFailure = { kind: "read", detail: known.detail, error: known.fields() };
    if (this.giveUpSource(file, failure, file.locateFailures)) this.#scheduler.pump();
  }

  /** Goes over to the best other source. False when there is none. */
  #switchSource(file: FileTask): boolean {
    const { now, health } = this.#context;
    const candidates = [...file.access.entries()].filter(([, access]) => access.excluded === undefined);
    const choice = health.choose(
      candidates.map(([, access]) => access.source.id),
      now,
    );
    const index = candidates[choice]?.[0];
    if (index === undefined || index === file.sourceIndex) return false;
    file.sourceIndex = index;
    return true;
  }
}
