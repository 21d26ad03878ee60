import { loadCrc } from "../digest/crc.ts";
import type { CrcAlgorithm } from "../digest/crc-combine.ts";
import type { CrcFactory } from "../digest/running-crc.ts";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import { ActiveReads } from "./active-reads.ts";
import { BufferPool } from "./buffer-pool.ts";
import { checkPieces } from "./check-pieces.ts";
import { ConnectionCache } from "./connection-cache.ts";
import { FileSyncs } from "./file-syncs.ts";
import { FlowControl } from "./flow-control.ts";
import { httpRead } from "./http-read.ts";
import type { ActiveRead, LaneContext } from "./lane-context.ts";
import type { LaneCommand, LaneEvent, LaneSettings, PartWork, Run, SpanSpec } from "./lane-messages.ts";
import { localRead } from "./local-read.ts";
import { notePiece } from "./note-piece.ts";
import { Outbox } from "./outbox.ts";
import { type Acceptance, PartSink } from "./part-sink.ts";
import { RangeProof } from "./range-proof.ts";
import { SerialSpan } from "./serial-span.ts";

interface RunState {
  readonly scope: string;
  readonly stop: AbortController;
  held: boolean;
}

/** A tick this much late, in milliseconds, says that the lane itself was held up. */
const heldUpMs = 500;

/**
 * Reads parts: sockets to disk, with CRCs and serial digests on the way. Runs in a worker thread, or in the calling thread
 * for sources that cannot cross into one. Knows nothing of retries: it reports, the engine decides.
 */
export class Lane implements LaneContext {
  readonly stallTimeoutMs: number;
  readonly pool: BufferPool;
  readonly connections: ConnectionCache;
  readonly #tickMs: number;
  readonly #outbox: Outbox;
  readonly #flow: FlowControl;
  readonly #syncs: FileSyncs | undefined;
  readonly #parts = new Map<number, PartSink>();
  readonly #proofs = new WeakMap<PartSink, RangeProof>();
  readonly #spans = new Map<number, SerialSpan>();
  readonly #runs = new Map<number, RunState>();
  readonly #active: ActiveReads;
  /** Parts that were given up before they were begun. */
  readonly #released = new Set<number>();
  readonly #crcs = new Map<CrcAlgorithm, CrcFactory>();
  readonly #timer: NodeJS.Timeout;
  #lastTick = performance.now();
  #utilization = performance.eventLoopUtilization();

  constructor(settings: LaneSettings, post: (events: readonly LaneEvent[]) => void) {
    const { bufferSize, leanBufferSize, bufferLimit } = settings;
    this.stallTimeoutMs = settings.stallTimeoutMs;
    this.#tickMs = settings.tickMs;
    this.#outbox = new Outbox(post);
    this.#active = new ActiveReads((event) => this.emit(event));
    this.pool = new BufferPool({ size: bufferSize, leanSize: leanBufferSize, limit: bufferLimit });
    this.connections = new ConnectionCache(this.pool, settings.connectTimeoutMs, (event) => this.emit(event));
    this.#flow = new FlowControl(this.pool);
    const { fileMode, parallelSyncs } = settings;
    this.#syncs =
      fileMode === undefined ? undefined : new FileSyncs(fileMode, parallelSyncs, (event) => this.emit(event));
    this.#timer = setInterval(() => this.#tick(), settings.tickMs);
  }

  handle(command: LaneCommand): void {
    switch (command.type) {
      case "run":
        void this.#execute(command.run);
        return;
      case "hold": {
        const run = this.#runs.get(command.run);
        if (run !== undefined) run.held = true;
        return;
      }
      case "shrink":
        this.#shrink(command.part, command.end);
        return;
      case "release":
        this.#release(command.parts, command.spans);
        this.emit({ type: "released", release: command.release });
        return;
      case "check":
        void this.#check(command);
        return;
      case "rate":
        this.#flow.setRate(command.bytesPerSecond);
        return;
      case "stop":
        this.#stop();
    }
  }

  emit(event: LaneEvent): void {
    this.#outbox.put(event);
  }

  proofOf(sink: PartSink): RangeProof | undefined {
    return this.#proofs.get(sink);
  }

  settle(sink: PartSink): void {
    for (const read of this.#active.of(sink)) read.flush();
  }

  watch(read: ActiveRead): () => void {
    this.#active.add(read);
    return () => {
      this.#active.delete(read);
      this.#flow.forget(read);
    };
  }

  received(read: ActiveRead, bytes: number): void {
    this.#active.received(read, bytes);
    this.#flow.received(read, bytes);
  }

  deliver(read: ActiveRead, position: number, buffer: Uint8Array, from: number, to: number): Acceptance {
    return this.#afterwards(read, read.sink.accept(position, buffer, from, to));
  }

  reread(read: ActiveRead, buffer: Uint8Array): Acceptance {
    return this.#afterwards(read, read.sink.reread(buffer));
  }

  #afterwards(read: ActiveRead, acceptance: Acceptance): Acceptance {
    if (acceptance.kept) this.#flow.bufferKept(read);
    else this.#flow.windowMoved();
    return acceptance;
  }

  async #execute({ run, scope, route, works }: Run): Promise<void> {
    const state: RunState = { scope, stop: new AbortController(), held: false };
    this.#runs.set(run, state);
    let next = 0;
    for (; next < works.length && !state.held && !state.stop.signal.aborted; next += 1) {
      const work = works[next];
      if (work === undefined || (await this.#read(run, route, work, state.stop.signal))) continue;
      next += 1;
      break;
    }
    this.#runs.delete(run);
    this.emit({ type: "run-done", run, rest: works.slice(next).map((work) => work.part) });
  }

  /** Reads one part. False when the rest of the run should not be tried the same way. */
  async #read(run: number, route: Run["route"], work: PartWork, signal: AbortSignal): Promise<boolean> {
    if (this.#released.has(work.part)) return true;
    let sink: PartSink | undefined;
    let before = 0;
    try {
      sink = await this.#sink(work);
      before = sink.frontier;
      if (!sink.complete) await this.#readFrom(run, route, work, sink, signal);
      if (!sink.complete) {
        const missing = sink.end - sink.frontier;
        throw new ReadFailureError({ kind: "truncated", detail: `the answer ended ${missing} bytes early` });
      }
      this.#completed(work.part, sink, run);
      return true;
    } catch (error) {
      if (sink !== undefined && !this.#parts.has(work.part)) return true;
      const failure = this.#failureOf(error, work.part, sink, run);
      if (failure === undefined) return true;
      if (failure.retryAfterMs !== undefined) this.#holdScope(this.#runs.get(run)?.scope);
      this.emit({
        type: "part-failed",
        part: work.part,
        run,
        frontier: sink?.frontier ?? work.spec?.start ?? 0,
        gained: sink === undefined ? 0 : sink.frontier - before,
        failure,
      });
      return false;
    }
  }

  /** The service asked to be left alone: no run asks it for a further part, before the engine has even heard of it. */
  #holdScope(scope: string | undefined): void {
    for (const run of this.#runs.values()) if (run.scope === scope) run.held = true;
  }

  /** What a read ended with; undefined when the part has all its bytes all the same. */
  #failureOf(error: unknown, part: number, sink: PartSink | undefined, run: number): ReadFailure | undefined {
    const failure = failureOf(error);
    const decisive = failure.kind === "changed" || failure.kind === "disk" || failure.kind === "no-space";
    if (sink?.complete !== true || decisive) return failure;
    try {
      this.#completed(part, sink, run);
      return undefined;
    } catch (closing) {
      return failureOf(closing);
    }
  }

  #readFrom(run: number, route: Run["route"], work: PartWork, sink: PartSink, signal: AbortSignal): Promise<void> {
    const order = work.read;
    if (this.proofOf(sink) !== undefined && (order.kind !== "http" || order.rangeDigest === undefined)) {
      throw new ReadFailureError({ kind: "undigested", detail: "the source tells no digests of ranges" });
    }
    if (order.kind !== "http") return localRead(this, run, { ...work, read: order }, sink, signal);
    if (route === undefined) throw new ReadFailureError({ kind: "read", detail: "no route to the source" });
    return httpRead({ lane: this, run, route, work, order, sink, signal });
  }

  #completed(part: number, sink: PartSink, run: number): void {
    if (!this.#parts.has(part)) return;
    this.#finish(sink);
    this.#parts.delete(part);
    for (const read of this.#active.of(sink)) {
      if (read.run !== run) read.abort({ kind: "connection", detail: "another connection was faster" });
    }
    for (const { span } of sink.spec.spans) this.#reportSpan(span);
    this.emit({ type: "part-done", part, run });
  }

  #finish(sink: PartSink): void {
    const fd = this.#syncs === undefined ? undefined : sink.detach();
    if (fd === undefined) sink.close();
    else this.#syncs?.add(sink.spec.file.path, fd, sink.spec.size, sink.head);
  }

  #reportSpan(id: number): void {
    const span = this.#spans.get(id);
    if (span?.complete !== true) return;
    this.#spans.delete(id);
    this.emit({ type: "span", span: id, values: span.values() });
  }

  async #sink(work: PartWork): Promise<PartSink> {
    const known = this.#parts.get(work.part);
    if (known !== undefined) return known;
    const { spec } = work;
    if (spec === undefined) throw new ReadFailureError({ kind: "read", detail: "the part is not here any more" });
    const crc = await this.#crc(spec.crc);
    const spans = spec.spans.map((span) => this.#span(span));
    const proof = spec.proof === undefined ? undefined : new RangeProof(crc(), spec.proof, spec);
    const sink = new PartSink(spec, proof ?? crc(), spans, (piece) => {
      if (proof?.proven === false) return;
      if (spec.journal !== undefined) notePiece(spec.journal, piece);
      this.emit({ type: "piece", part: spec.part, ...piece });
    });
    this.#parts.set(spec.part, sink);
    if (proof !== undefined) this.#proofs.set(sink, proof);
    return sink;
  }

  async #crc(algorithm: CrcAlgorithm): Promise<CrcFactory> {
    const crc = this.#crcs.get(algorithm) ?? (await loadCrc(algorithm));
    this.#crcs.set(algorithm, crc);
    return crc;
  }

  async #check({ check, fd, algorithm, pieces }: Extract<LaneCommand, { type: "check" }>): Promise<void> {
    const good = await checkPieces(fd, (await this.#crc(algorithm))(), pieces, this.pool);
    this.emit({ type: "checked", check, good });
  }

  #span(spec: SpanSpec): SerialSpan {
    const known = this.#spans.get(spec.span);
    if (known !== undefined) return known;
    const span = new SerialSpan(spec, (buffer) => {
      this.pool.give(buffer);
    });
    this.#spans.set(spec.span, span);
    return span;
  }

  #shrink(part: number, end: number): void {
    const sink = this.#parts.get(part);
    if (sink === undefined) return;
    const reads = this.#active.of(sink);
    this.settle(sink);
    if (!this.#parts.has(part)) return;
    this.emit({ type: "shrunk", part, end: sink.shrink(end) });
    if (!sink.complete) return;
    for (const read of reads) read.abort({ kind: "connection", detail: "the rest of the part was taken over" });
  }

  #release(parts: readonly number[], spans: readonly number[]): void {
    for (const part of parts) {
      const sink = this.#parts.get(part);
      this.#released.add(part);
      if (sink === undefined) continue;
      this.#parts.delete(part);
      sink.shrink(sink.frontier);
      for (const read of this.#active.of(sink)) read.abort({ kind: "connection", detail: "the file is read anew" });
      sink.discard();
    }
    for (const span of spans) {
      this.#spans.get(span)?.release();
      this.#spans.delete(span);
    }
    this.#flow.windowMoved();
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#lastTick - this.#tickMs;
    this.#lastTick = now;
    // When the lane itself was held up, silence says nothing about the peer.
    if (late < heldUpMs) this.#active.stopStalled(now, (read) => this.#flow.paused(read));
    this.#active.report();
    const { utilization } = performance.eventLoopUtilization(this.#utilization);
    this.#utilization = performance.eventLoopUtilization();
    if (this.#runs.size === 0) return;
    const paused = this.#active.all.filter((read) => this.#flow.paused(read)).map((read) => read.run);
    this.emit({ type: "tick", utilization, paused });
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#flow.close();
    for (const read of this.#active.all) read.abort({ kind: "connection", detail: "the transfer was stopped" });
    for (const { stop } of this.#runs.values()) stop.abort();
    this.connections.close();
    this.#syncs?.close();
    for (const sink of this.#parts.values()) {
      sink.shrink(sink.frontier);
      sink.abandon();
    }
    this.emit({ type: "stopped" });
    this.#outbox.flush();
  }
}

function failureOf(error: unknown): ReadFailure {
  if (error instanceof ReadFailureError) return error.failure;
  return { kind: "read", detail: error instanceof Error ? error.message : String(error) };
}
