import type { LaneClient } from "../lane/lane-client.ts";
import type { LaneEvent } from "../lane/lane-messages.ts";
import { judgeValidator } from "../policy/judge-validator.ts";
import type { ActiveRun, Dispatcher } from "./dispatcher.ts";
import type { FileOpener } from "./file-opener.ts";
import type { FileTask } from "./file-task.ts";
import type { Pacemaker } from "./pacemaker.ts";
import type { PartTask } from "./part-task.ts";
import type { ProgressMeter } from "./progress-meter.ts";
import type { Reclaimer } from "./reclaimer.ts";
import type { Recovery } from "./recovery.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SourceAccess } from "./source-access.ts";
import type { SyncLedger } from "./sync-ledger.ts";
import type { TransferContext } from "./transfer-context.ts";
import type { TransferJournal } from "./transfer-journal.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Everyone whom the lanes' reports concern. */
export interface ReportReaders {
  readonly context: TransferContext;
  readonly scheduler: Scheduler;
  readonly dispatcher: Dispatcher;
  readonly recovery: Recovery;
  readonly reclaimer: Reclaimer;
  readonly opener: FileOpener;
  readonly pacemaker: Pacemaker;
  readonly meter: ProgressMeter;
  readonly journal: TransferJournal;
  readonly syncs: SyncLedger;
  readonly writeBehind: WriteBehind;
  /** All bytes of the file are in. */
  whole(file: FileTask): void;
}

/** Takes what the lanes report and passes it on to whom it concerns. */
export class LaneReports {
  readonly #to: ReportReaders;
  /** Bytes by source since they were last told. */
  readonly #bytes = new Map<string, number>();

  constructor(readers: ReportReaders) {
    this.#to = readers;
  }

  take(lane: LaneClient, events: readonly LaneEvent[]): void {
    const { context, scheduler } = this.#to;
    for (const event of events) {
      if (context.stopped) this.#takeLast(event);
      else this.#takeOne(lane, event);
    }
    scheduler.pump();
  }

  /** Tells how many bytes came from each source since the last time. */
  tellBytes(): void {
    for (const [source, bytes] of this.#bytes) this.#to.context.emit({ type: "bytes", source, bytes });
    this.#bytes.clear();
  }

  /** The transfer has ended: digests that were finished are still noted, so that they need not be computed again. */
  #takeLast(event: LaneEvent): void {
    if (event.type === "span") this.#span(event.span, Object.values(event.values)[0]);
  }

  #takeOne(lane: LaneClient, event: LaneEvent): void {
    const { dispatcher, scheduler, reclaimer, opener } = this.#to;
    switch (event.type) {
      case "answer":
        this.#answer(event, dispatcher.runs.get(event.run), scheduler.parts.get(event.part));
        return;
      case "received":
        this.#received(event.bytes, dispatcher.runs.get(event.run), scheduler.parts.get(event.part));
        return;
      case "piece":
        this.#piece(event, scheduler.parts.get(event.part));
        return;
      case "span":
        this.#span(event.span, Object.values(event.values)[0]);
        return;
      case "part-done":
        this.#partDone(event.part, dispatcher.runs.get(event.run));
        return;
      case "synced":
      case "unsynced":
        this.#to.syncs.settle(event);
        return;
      case "part-failed":
        this.#partFailed(event, dispatcher.runs.get(event.run));
        return;
      case "run-done":
        this.#runDone(event.run, event.rest);
        return;
      case "shrunk":
        this.#shrunk(event.end, scheduler.parts.get(event.part));
        return;
      case "released":
        reclaimer.released(event.release);
        return;
      case "checked":
        opener.checked(event);
        return;
      default:
        this.#peer(lane, event);
    }
  }

  #peer(lane: LaneClient, event: Extract<LaneEvent, { type: "address" | "silent" | "tick" | "stopped" }>): void {
    const { dispatcher, pacemaker, context } = this.#to;
    if (event.type === "tick") {
      pacemaker.utilization(lane, event.utilization);
      const paused = new Set(event.paused);
      for (const run of dispatcher.runs.values()) if (run.lane === lane) run.paused = paused.has(run.id);
    } else if (event.type === "silent") {
      dispatcher.runs.get(event.run)?.endpoint.book.bad(event.address, context.now);
    } else if (event.type === "address") {
      const endpoint = dispatcher.runs.get(event.run)?.endpoint;
      if (event.connected) endpoint?.book.good(event.address);
      else endpoint?.book.bad(event.address, context.now);
    }
  }

  #answer(event: Extract<LaneEvent, { type: "answer" }>, run: ActiveRun | undefined, part: PartTask | undefined): void {
    const { context } = this.#to;
    if (run === undefined) return;
    run.answeredAt = context.now;
    run.endpoint.lastAnswer = context.now;
    context.emit({ type: "request", source: run.sourceId, status: event.status });
    if (event.status !== 200 && event.status !== 206) return;
    run.endpoint.hedge.answered(event.waitedMs);
    const access = part?.file.access.find(({ source }) => source.id === run.sourceId);
    if (part === undefined || access === undefined) return;
    access.proven();
    if (event.accepted && !part.staged) this.#checkValidator(part.file, access, event.validator, pinned(run));
  }

  /** The first answer's validator holds for the rest: bytes of two versions never mix. */
  #checkValidator(file: FileTask, access: SourceAccess, validator: string | undefined, isPinned: boolean): void {
    const { recovery, journal } = this.#to;
    const verdict = judgeValidator(access, validator);
    if (verdict === "other") {
      const detail = "the object changed while it was read: its validator is another one now";
      recovery.changed(file, { kind: "changed", detail });
    } else if (verdict === "unknown" && !isPinned) {
      recovery.unpinned(file, "the server does not tell with every answer which version of the object it is of");
    } else if (validator === undefined) {
      access.anonymous = true;
    } else if (access.validator === undefined) {
      access.validator = validator;
      journal.validator(file, access.source.id, validator);
    }
  }

  #received(bytes: number, run: ActiveRun | undefined, part: PartTask | undefined): void {
    const { meter } = this.#to;
    if (run !== undefined) {
      run.bytes += bytes;
      run.endpoint.window.bytes += bytes;
    }
    if (part?.staged === true) return;
    meter.fetchedBytes += bytes;
    if (run !== undefined) this.#bytes.set(run.sourceId, (this.#bytes.get(run.sourceId) ?? 0) + bytes);
    if (part === undefined) return;
    if (part.runs.size === 1) part.received = Math.min(part.end, part.received + bytes);
    part.file.fetchedBytes += bytes;
    if (run !== undefined) part.file.sourcesUsed.add(run.sourceId);
  }

  #piece({ start, end, crc }: Extract<LaneEvent, { type: "piece" }>, part: PartTask | undefined): void {
    if (part === undefined) return;
    const { file } = part;
    part.frontier = Math.max(part.frontier, end);
    part.received = Math.max(part.received, end);
    file.ledger.add(start, end, crc);
    if (!part.staged) this.#to.writeBehind.wrote(file, end - start);
  }

  #span(id: number, value: string | undefined): void {
    const file = this.#to.scheduler.spanFiles.get(id);
    if (file === undefined || value === undefined) return;
    file.spanValues.set(id, value);
    file.spanLanes.delete(id);
    const span = file.spans.find((candidate) => candidate.span === id);
    if (span !== undefined) this.#to.journal.span(file, span.start, span.end, value);
  }

  #partDone(id: number, run: ActiveRun | undefined): void {
    const { scheduler, context } = this.#to;
    const part = scheduler.parts.get(id);
    if (part === undefined) return;
    const { file } = part;
    if (run !== undefined) {
      context.health.succeeded(run.sourceId);
      run.endpoint.window.completions += 1;
      this.#advance(run, part);
    }
    scheduler.parts.delete(id);
    file.parts.delete(part);
    if (file.parts.size === 0 && !file.open && !file.restarting) this.#to.whole(file);
  }

  /** The run goes on with its next part. */
  #advance(run: ActiveRun, done: PartTask): void {
    const index = run.parts.indexOf(done);
    if (index >= 0) run.parts.splice(index, 1);
    run.since = this.#to.context.now;
    run.answeredAt = undefined;
  }

  #partFailed(event: Extract<LaneEvent, { type: "part-failed" }>, run: ActiveRun | undefined): void {
    const part = this.#to.scheduler.parts.get(event.part);
    if (part === undefined) return;
    if (run !== undefined) this.#advance(run, part);
    this.#to.recovery.partFailed(event, part, run);
  }

  #runDone(id: number, rest: readonly number[]): void {
    const { dispatcher, scheduler } = this.#to;
    dispatcher.ended(id);
    for (const untried of rest) {
      const part = scheduler.parts.get(untried);
      if (part === undefined) continue;
      part.runs.delete(id);
      part.attempts = Math.max(0, part.attempts - 1);
      if (part.runs.size > 0) continue;
      if (part.frontier === part.start && part.attempts === 0) part.lane = undefined;
      scheduler.retry(part, 0);
    }
  }

  #shrunk(end: number, part: PartTask | undefined): void {
    if (part === undefined) return;
    part.shrinking = false;
    if (end >= part.end) return;
    part.file.missing.add({ start: end, end: part.end });
    part.end = end;
    this.#to.scheduler.offer(part.file);
  }
}

/** Every answer to this run was compared with a version that was known beforehand. */
function pinned({ located: { read } }: ActiveRun): boolean {
  if (read.kind !== "http") return false;
  return (
    read.ifMatch !== undefined || Object.keys(read.expectHeaders ?? {}).some((name) => name !== "content-encoding")
  );
}
