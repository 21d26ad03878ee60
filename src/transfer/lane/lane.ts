import { type CrcFactory, loadCrc } from "../digest/crc.ts";
import type { CrcAlgorithm } from "../digest/crc-combine.ts";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import { BufferPool } from "./buffer-pool.ts";
import { ConnectionCache } from "./connection-cache.ts";
import { httpRead } from "./http-read.ts";
import type { ActiveRead, LaneContext } from "./lane-context.ts";
import type { LaneCommand, LaneEvent, LaneSettings, PartWork, Run, SpanSpec } from "./lane-messages.ts";
import { localRead } from "./local-read.ts";
import { type Acceptance, PartSink } from "./part-sink.ts";
import { SerialSpan } from "./serial-span.ts";

/**
 * Reads parts: sockets to disk, with CRCs and serial digests on the way. Runs in a worker thread, or in the calling thread
 * for sources that cannot cross into one. Knows nothing of retries: it reports, the engine decides.
 */
export class Lane implements LaneContext {
  readonly settings: LaneSettings;
  readonly pool: BufferPool;
  readonly connections: ConnectionCache;
  readonly #post: (events: readonly LaneEvent[]) => void;
  readonly #parts = new Map<number, PartSink>();
  readonly #spans = new Map<number, SerialSpan>();
  readonly #runs = new Map<number, AbortController>();
  readonly #active = new Set<ActiveRead>();
  readonly #crcs = new Map<CrcAlgorithm, CrcFactory>();
  readonly #received = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  #outbox: LaneEvent[] = [];
  #flushing = false;
  #lastTick = performance.now();
  #utilization = performance.eventLoopUtilization();

  constructor(settings: LaneSettings, post: (events: readonly LaneEvent[]) => void) {
    this.settings = settings;
    this.#post = post;
    this.pool = new BufferPool(settings.bufferSize, settings.bufferLimit);
    this.connections = new ConnectionCache(this.pool, settings.connectTimeoutMs, (event) => this.emit(event));
    this.#timer = setInterval(() => this.#tick(), settings.tickMs);
  }

  handle(command: LaneCommand): void {
    switch (command.type) {
      case "run":
        void this.#execute(command.run);
        return;
      case "cancel":
        this.#runs.get(command.run)?.abort();
        return;
      case "shrink":
        this.#shrink(command.part, command.end);
        return;
      case "release":
        this.#release(command.parts, command.spans);
        return;
      case "rate":
        return;
      case "stop":
        this.#stop();
    }
  }

  /** Queues an event; all events of one turn of the loop go out together. */
  emit(event: LaneEvent): void {
    this.#outbox.push(event);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const events = this.#outbox;
    this.#outbox = [];
    if (events.length > 0) this.#post(events);
  }

  /** Registers a read so that it is watched for stalls; undone by the returned function. */
  watch(read: ActiveRead): () => void {
    this.#active.add(read);
    return () => this.#active.delete(read);
  }

  /** Delivers bytes to a part and slows the sender down while they only fill the re-order window. */
  deliver(read: ActiveRead, position: number, buffer: Uint8Array, from: number, to: number): Acceptance {
    this.#received.set(read.run, (this.#received.get(read.run) ?? 0) + to - from);
    const acceptance = read.sink.accept(position, buffer, from, to);
    if (acceptance.kept && this.pool.exhausted) read.pause();
    return acceptance;
  }

  async #execute(run: Run): Promise<void> {
    const stop = new AbortController();
    this.#runs.set(run.run, stop);
    const rest = [...run.works];
    for (let work = rest.shift(); work !== undefined; work = rest.shift()) {
      if (stop.signal.aborted) {
        rest.unshift(work);
        break;
      }
      if (!(await this.#read(run, work, stop.signal))) break;
    }
    this.#runs.delete(run.run);
    this.emit({ type: "run-done", run: run.run, rest: rest.map((work) => work.part) });
  }

  /** Reads one part. False when the rest of the run should not be tried the same way. */
  async #read(run: Run, work: PartWork, signal: AbortSignal): Promise<boolean> {
    let sink: PartSink | undefined;
    let before = 0;
    try {
      sink = await this.#sink(work);
      before = sink.frontier;
      if (!sink.complete) await this.#readFrom(run, work, sink, signal);
      if (!sink.complete) {
        throw new ReadFailureError({
          kind: "truncated",
          detail: `the answer ended ${sink.end - sink.frontier} bytes early`,
        });
      }
      this.#completed(work.part, sink, run.run);
      return true;
    } catch (error) {
      if (sink?.complete) {
        this.#completed(work.part, sink, run.run);
        return true;
      }
      const frontier = sink?.frontier ?? work.spec?.start ?? 0;
      const failure = failureOf(error);
      this.emit({
        type: "part-failed",
        part: work.part,
        run: run.run,
        frontier,
        gained: Math.max(0, frontier - before),
        failure,
      });
      return false;
    }
  }

  #readFrom(run: Run, work: PartWork, sink: PartSink, signal: AbortSignal): Promise<void> {
    return work.read.kind === "http"
      ? httpRead(this, run, work.part, work.read, sink, signal)
      : localRead(this, run.run, work.read, sink, signal);
  }

  #completed(part: number, sink: PartSink, run: number): void {
    if (!this.#parts.delete(part)) return;
    sink.close();
    for (const read of [...this.#active]) {
      if (read.sink === sink && read.run !== run)
        read.abort({ kind: "connection", detail: "another connection was faster" });
    }
    for (const { span } of sink.spec.spans) {
      const serial = this.#spans.get(span);
      if (serial?.complete !== true) continue;
      this.#spans.delete(span);
      this.emit({ type: "span", span, values: serial.values() });
    }
    this.emit({ type: "part-done", part, run });
  }

  async #sink(work: PartWork): Promise<PartSink> {
    const known = this.#parts.get(work.part);
    if (known !== undefined) return known;
    const { spec } = work;
    if (spec === undefined) throw new ReadFailureError({ kind: "read", detail: "the part is not here any more" });
    const crc = this.#crcs.get(spec.crc) ?? (await loadCrc(spec.crc));
    this.#crcs.set(spec.crc, crc);
    const spans = spec.spans.map((span) => this.#span(span));
    const sink = new PartSink(spec, crc(), spans, (piece) => this.emit({ type: "piece", part: spec.part, ...piece }));
    this.#parts.set(spec.part, sink);
    return sink;
  }

  #span(spec: SpanSpec): SerialSpan {
    const known = this.#spans.get(spec.span);
    if (known !== undefined) return known;
    const span = new SerialSpan(spec, (buffer) => this.#giveBack(buffer));
    this.#spans.set(spec.span, span);
    return span;
  }

  #giveBack(buffer: Uint8Array): void {
    this.pool.give(buffer);
    this.#resumeReads();
  }

  #resumeReads(): void {
    for (const read of this.#active) {
      if (read.paused && (!this.pool.exhausted || !read.sink.ahead)) read.resume();
    }
  }

  #shrink(part: number, end: number): void {
    const sink = this.#parts.get(part);
    if (sink === undefined) return;
    for (const read of this.#active) if (read.sink === sink) read.flush();
    const actual = sink.shrink(end);
    this.emit({ type: "shrunk", part, end: actual });
    if (!sink.complete) return;
    for (const read of [...this.#active]) {
      if (read.sink === sink) read.abort({ kind: "connection", detail: "the part was taken over" });
    }
  }

  #release(parts: readonly number[], spans: readonly number[]): void {
    for (const part of parts) {
      const sink = this.#parts.get(part);
      if (sink === undefined) continue;
      for (const read of [...this.#active]) {
        if (read.sink === sink) read.abort({ kind: "connection", detail: "the file is read anew" });
      }
      this.#parts.delete(part);
      sink.discard();
    }
    for (const span of spans) {
      this.#spans.get(span)?.release();
      this.#spans.delete(span);
    }
    this.#resumeReads();
  }

  #tick(): void {
    const now = performance.now();
    const late = now - this.#lastTick > this.settings.tickMs + 1000;
    this.#lastTick = now;
    if (!late) this.#stopStalled(now);
    const utilization = performance.eventLoopUtilization(this.#utilization).utilization;
    this.#utilization = performance.eventLoopUtilization();
    const received = [...this.#received];
    this.#received.clear();
    if (this.#runs.size > 0 || received.length > 0) this.emit({ type: "tick", received, utilization });
  }

  /** When the lane itself was held up, silence says nothing about the peer; such ticks are left out. */
  #stopStalled(now: number): void {
    for (const read of [...this.#active]) {
      if (read.paused || now - read.lastActivity < this.settings.stallTimeoutMs) continue;
      read.abort({ kind: "stalled", detail: `no byte for ${Math.round(now - read.lastActivity)} ms` });
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    for (const run of this.#runs.values()) run.abort();
    this.connections.close();
    for (const sink of this.#parts.values()) sink.close();
    this.emit({ type: "stopped" });
    this.#flush();
  }
}

function failureOf(error: unknown): ReadFailure {
  if (error instanceof ReadFailureError) return error.failure;
  return { kind: "read", detail: error instanceof Error ? error.message : String(error) };
}
