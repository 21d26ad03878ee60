import { lookup } from "node:dns/promises";
import { closeSync } from "node:fs";
import { StorageError, toStorageError } from "../../errors.ts";
import { directNetwork } from "../../network/network-profile.ts";
import type { ReadSource } from "../../storage/read-source.ts";
import { type Clock, type Random, systemClock } from "../../telemetry/clock.ts";
import { originOf } from "../http/origin.ts";
import type { ReadFailure } from "../http/read-failure.ts";
import { type LaneClient, startLocalLane, startWorkerLane } from "../lane/lane-client.ts";
import type { LaneEvent, LaneSettings, PartSpec, PartWork, ReadOrder, SpanSpec } from "../lane/lane-messages.ts";
import { nextPartEnd } from "../plan/part-plan.ts";
import { classifyFailure } from "../policy/classify-failure.ts";
import { retryDelay } from "../policy/retry-delay.ts";
import type { TransferFile, TransferOptions, TransferResult, TransferredFile } from "../transfer-types.ts";
import { Endpoint } from "./endpoint.ts";
import { FileTask } from "./file-task.ts";
import { PartTask } from "./part-task.ts";
import { Staging } from "./staging.ts";
import { transferFailure } from "./transfer-failure.ts";
import { verifyFile } from "./verify-file.ts";

interface ActiveRun {
  readonly id: number;
  readonly endpoint: Endpoint;
  readonly lane: LaneClient;
  current: PartTask | undefined;
  readonly parts: Map<number, PartTask>;
}

export class TransferEngine {
  readonly #options: TransferOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #queue: FileTask[];
  readonly #ready: FileTask[] = [];
  readonly #retries: PartTask[] = [];
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #runs = new Map<number, ActiveRun>();
  readonly #parts = new Map<number, PartTask>();
  readonly #spanFiles = new Map<number, FileTask>();
  readonly #lanes: LaneClient[] = [];
  readonly #laneLoad = new Map<LaneClient, number>();
  readonly #finished: TransferredFile[] = [];
  readonly #staging: Staging;
  readonly #stopping = new AbortController();
  readonly #settings: LaneSettings;
  #localLane: LaneClient | undefined;
  #nextId = 1;
  #locating = 0;
  #finishing = 0;
  #fetchedBytes = 0;
  #remainingFiles: number;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(files: readonly TransferFile[], options: TransferOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#staging = new Staging(options.target.stagingDirectory);
    this.#settings = {
      bufferSize: 1024 * 1024,
      bufferLimit: 48 * 1024 * 1024,
      stallTimeoutMs: options.stallTimeoutMs ?? 3000,
      connectTimeoutMs: options.connectTimeoutMs ?? 3000,
      tickMs: 100,
    };
    this.#queue = files
      .map((file) => new FileTask(file))
      .sort((a, b) => a.file.priority - b.file.priority || a.file.size - b.file.size);
    this.#remainingFiles = files.length;
  }

  async run(): Promise<TransferResult> {
    const started = this.#clock.monotonic();
    const lanes = this.#options.lanes ?? 1;
    for (let index = 0; index < lanes; index += 1) {
      const lane: LaneClient = startWorkerLane(
        this.#settings,
        (events) => this.#onEvents(lane, events),
        (error) => this.#fail(error),
      );
      this.#lanes.push(lane);
      this.#laneLoad.set(lane, 0);
    }
    const { signal } = this.#options;
    const onAbort = (): void => this.#fail(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#settle = { resolve, reject };
        if (signal?.aborted) reject(signal.reason);
        else if (this.#remainingFiles === 0) resolve();
        else this.#pump();
      });
    } catch (error) {
      throw toStorageError(error, "transfer");
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#stopping.abort();
      await Promise.all([...this.#lanes, this.#localLane].map((lane) => lane?.close(1000)));
      for (const part of this.#parts.values()) this.#closeFile(part.file);
    }
    return {
      files: this.#finished,
      fetchedBytes: this.#fetchedBytes,
      resumedBytes: 0,
      durationMs: this.#clock.monotonic() - started,
    };
  }

  #fail(error: unknown): void {
    this.#stopping.abort();
    this.#settle?.reject(error);
  }

  #pump(): void {
    if (this.#stopping.signal.aborted) return;
    this.#locateAhead();
    this.#dispatchRetries();
    for (;;) {
      const file = this.#ready.find((candidate) => this.#endpointOf(candidate).free > 0 && this.#takesMore(candidate));
      if (file === undefined) break;
      const parts = file.small ? this.#bundle(file) : [this.#carve(file)];
      this.#dispatch(parts);
    }
  }

  #takesMore(file: FileTask): boolean {
    return file.plan.spans.length !== 1 || file.parts.size < 5;
  }

  #locateAhead(): void {
    while (this.#queue.length > 0 && this.#ready.length + this.#locating < 64) {
      const file = this.#queue.shift();
      if (file === undefined) return;
      if (file.file.size === 0) {
        void this.#finish(file);
        continue;
      }
      this.#locating += 1;
      this.#locate(file).then(
        () => {
          this.#locating -= 1;
          this.#ready.push(file);
          this.#pump();
        },
        (error: unknown) => this.#fail(error),
      );
    }
  }

  async #locate(file: FileTask): Promise<void> {
    const { current } = file;
    if (current.source.read !== undefined) return;
    const read = current.get(this.#clock.now()) ?? (await current.locate(this.#stopping.signal));
    if (read.kind !== "http") return;
    const { host } = originOf(new URL(read.url));
    if (this.#addresses.has(host)) return;
    const found = await lookup(host, { all: true });
    this.#addresses.set(
      host,
      found.map(({ address }) => address),
    );
  }

  #endpointOf(file: FileTask): Endpoint {
    const read = file.current.get(this.#clock.now());
    const key =
      read?.kind === "http" ? `${originOf(new URL(read.url)).text} ${read.network.id}` : `local ${read?.kind}`;
    const known = this.#endpoints.get(key);
    if (known !== undefined) return known;
    const endpoint = new Endpoint(
      key,
      read?.kind === "http" ? originOf(new URL(read.url)).host : "",
      read?.kind === "http" ? read.network : undefined,
    );
    this.#endpoints.set(key, endpoint);
    return endpoint;
  }

  #bundle(first: FileTask): PartTask[] {
    const endpoint = this.#endpointOf(first);
    const parts: PartTask[] = [];
    const most = Math.min(32, Math.max(1, Math.ceil(this.#ready.length / Math.max(1, endpoint.free))));
    let bytes = 0;
    for (const file of [...this.#ready]) {
      if (parts.length >= most || bytes > 8 * 1024 * 1024) break;
      if (!file.small || this.#endpointOf(file) !== endpoint) continue;
      parts.push(this.#carve(file));
      bytes += file.file.size;
    }
    return parts;
  }

  #carve(file: FileTask): PartTask {
    const missing = file.missing.first;
    if (missing === undefined) throw new RangeError("nothing is missing");
    if (file.stagedPath === "") this.#prepare(file);
    const span = file.plan.spans.find(({ start, end }) => start <= missing.start && missing.start < end);
    const end = nextPartEnd({
      missing,
      size: file.file.size,
      unitSize: file.plan.unitSize,
      unassigned: this.#ready.reduce((sum, { missing: rest }) => sum + rest.bytes, 0),
      connections: this.#endpointOf(file).limit,
      span,
    });
    const part = new PartTask(this.#nextId++, file, missing.start, end);
    file.missing.remove({ start: missing.start, end });
    file.parts.add(part);
    this.#parts.set(part.id, part);
    if (file.missing.empty) this.#ready.splice(this.#ready.indexOf(file), 1);
    return part;
  }

  #prepare(file: FileTask): void {
    file.stagedPath = this.#staging.newPath();
    if (!file.small) file.fd = this.#staging.create(file.stagedPath, file.file.size);
    file.spans = file.plan.spans.map((span): SpanSpec => {
      const id = this.#nextId++;
      this.#spanFiles.set(id, file);
      return { span: id, start: span.start, end: span.end, algorithms: [span.algorithm] };
    });
  }

  #dispatchRetries(): void {
    const now = this.#clock.monotonic();
    const due = this.#retries.filter((part) => part.notBefore <= now && this.#endpointOf(part.file).free > 0);
    for (const part of due) {
      this.#retries.splice(this.#retries.indexOf(part), 1);
      this.#dispatch([part]);
    }
  }

  #dispatch(parts: readonly PartTask[]): void {
    const [first] = parts;
    if (first === undefined) return;
    const endpoint = this.#endpointOf(first.file);
    const lane = this.#laneFor(first);
    const id = this.#nextId++;
    const works: PartWork[] = [];
    for (const part of parts) {
      const spec = part.lane === undefined ? this.#spec(part) : undefined;
      part.lane = lane;
      part.attempts += 1;
      part.runs.add(id);
      works.push({ part: part.id, spec, read: this.#order(part.file) });
    }
    this.#runs.set(id, { id, endpoint, lane, current: first, parts: new Map(parts.map((part) => [part.id, part])) });
    endpoint.active += 1;
    this.#laneLoad.set(lane, (this.#laneLoad.get(lane) ?? 0) + 1);
    lane.send({
      type: "run",
      run: {
        run: id,
        works,
        route: {
          network: endpoint.network ?? directNetwork,
          addresses: this.#addresses.get(endpoint.host) ?? [],
          fresh: first.fresh,
        },
      },
    });
  }

  #laneFor(part: PartTask): LaneClient {
    const known = part.lane ?? part.file.lane;
    if (known !== undefined) return known;
    const read = part.file.current.get(this.#clock.now());
    const local = read?.kind !== "http" && read?.kind !== "file";
    const lane = local ? this.#local() : this.#leastLoaded();
    if (part.file.plan.spans.length > 0) part.file.lane = lane;
    return lane;
  }

  #leastLoaded(): LaneClient {
    const [first, ...rest] = this.#lanes;
    if (first === undefined) throw new RangeError("no lanes");
    return rest.reduce(
      (best, lane) => ((this.#laneLoad.get(lane) ?? 0) < (this.#laneLoad.get(best) ?? 0) ? lane : best),
      first,
    );
  }

  #local(): LaneClient {
    this.#localLane ??= startLocalLane(this.#settings, (events) => this.#onEvents(this.#local(), events));
    return this.#localLane;
  }

  #spec(part: PartTask): PartSpec {
    const { file } = part;
    return {
      part: part.id,
      start: part.start,
      end: part.end,
      size: file.file.size,
      file: file.fd === undefined ? { kind: "create", path: file.stagedPath } : { kind: "descriptor", fd: file.fd },
      crc: file.plan.unitAlgorithm,
      unitSize: file.plan.unitSize,
      cuts: file.plan.cuts.filter((cut) => cut > part.start && cut < part.end),
      spans: file.spans.filter((span) => span.start < part.end && span.end > part.start),
    };
  }

  #order(file: FileTask): ReadOrder {
    const { source } = file;
    if (source.read !== undefined) {
      const read = source.read.bind(source);
      return { kind: "stream", open: (offset, signal) => read({ offset, signal }) };
    }
    const read: ReadSource | undefined = file.current.get(this.#clock.now());
    if (read === undefined) throw new RangeError("the source is not located");
    if (read.kind !== "http") return read;
    const { url, headers, ifMatch, expectHeaders } = read;
    return { kind: "http", url, headers, ranged: file.ranged, ifMatch, expectHeaders };
  }

  #onEvents(lane: LaneClient, events: readonly LaneEvent[]): void {
    for (const event of events) this.#onEvent(lane, event);
    this.#pump();
  }

  #onEvent(lane: LaneClient, event: LaneEvent): void {
    switch (event.type) {
      case "answer":
        this.#options.onEvent?.({
          type: "request",
          source: this.#parts.get(event.part)?.file.source.id ?? "",
          status: event.status,
        });
        return;
      case "piece": {
        const part = this.#parts.get(event.part);
        if (part === undefined) return;
        part.frontier = event.end;
        part.file.ledger.add(event.start, event.end, event.crc);
        return;
      }
      case "span":
        this.#spanFiles.get(event.span)?.spanValues.set(event.span, Object.values(event.values)[0] ?? "");
        return;
      case "part-done":
        this.#partDone(event.part);
        return;
      case "part-failed":
        this.#partFailed(event.part, event.run, event.frontier, event.gained, event.failure);
        return;
      case "run-done":
        this.#runDone(lane, event.run, event.rest);
        return;
      case "tick":
        for (const [, bytes] of event.received) this.#fetchedBytes += bytes;
        return;
      default:
        return;
    }
  }

  #partDone(id: number): void {
    const part = this.#parts.get(id);
    if (part === undefined) return;
    this.#parts.delete(id);
    const { file } = part;
    file.parts.delete(part);
    file.sourcesUsed.add(file.source.id);
    if (file.parts.size === 0 && file.missing.empty) void this.#finish(file);
  }

  #partFailed(id: number, run: number, frontier: number, gained: number, failure: ReadFailure): void {
    const part = this.#parts.get(id);
    if (part === undefined || this.#stopping.signal.aborted) return;
    part.runs.delete(run);
    part.frontier = frontier;
    if (gained > 0) part.attempts = 1;
    const kind = classifyFailure(failure);
    const exhausted = part.attempts >= (this.#options.maxAttempts ?? 8);
    if (exhausted || (kind !== "transient" && kind !== "throttled")) {
      this.#fail(transferFailure(failure, part.file.source, part.file.file.path, part.attempts));
      return;
    }
    const delayMs = retryDelay(part.attempts, kind === "throttled", failure.retryAfterMs, this.#random);
    part.notBefore = this.#clock.monotonic() + delayMs;
    part.fresh = true;
    this.#retries.push(part);
    this.#clock.sleep(delayMs + 1, this.#stopping.signal).then(
      () => this.#pump(),
      () => undefined,
    );
  }

  #runDone(lane: LaneClient, id: number, rest: readonly number[]): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    this.#runs.delete(id);
    run.endpoint.active -= 1;
    this.#laneLoad.set(lane, (this.#laneLoad.get(lane) ?? 1) - 1);
    for (const untried of rest) {
      const part = this.#parts.get(untried);
      if (part === undefined) continue;
      part.attempts -= 1;
      part.lane = undefined;
      this.#retries.push(part);
    }
  }

  async #finish(file: FileTask): Promise<void> {
    this.#finishing += 1;
    try {
      if (file.file.size === 0) {
        this.#prepare(file);
        closeSync(this.#staging.create(file.stagedPath, 0));
      }
      const values = file.spans.map((span) => file.spanValues.get(span.span) ?? "");
      const verdict = verifyFile(file.plan, file.ledger, values);
      if (!verdict.ok) {
        throw new StorageError({
          code: "checksum_mismatch",
          operation: "verify",
          target: file.source.target,
          detail: `${verdict.algorithm} is ${verdict.actual}, the source says ${verdict.expected}`,
          hint: "The source holds or delivers damaged data: repair the object there, or read it from another source.",
        });
      }
      const done: TransferredFile = {
        path: file.file.path,
        size: file.file.size,
        verification: verdict.verification,
        units: { algorithm: file.ledger.algorithm, unitSize: file.ledger.unitSize, values: file.ledger.values() },
        checksum: file.ledger.whole(),
        digests: {},
        resumedBytes: file.resumedBytes,
        fetchedBytes: file.fetchedBytes,
        sources: [...file.sourcesUsed],
      };
      this.#closeFile(file);
      await this.#options.target.publish(file.stagedPath, done);
      this.#finished.push(done);
      this.#remainingFiles -= 1;
      if (this.#remainingFiles === 0) this.#settle?.resolve();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#finishing -= 1;
    }
  }

  #closeFile(file: FileTask): void {
    if (file.fd === undefined) return;
    closeSync(file.fd);
    file.fd = undefined;
  }
}
