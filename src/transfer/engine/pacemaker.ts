import { isSlowRead, medianRate } from "../policy/slow-read.ts";
import type { ActiveRun, Dispatcher } from "./dispatcher.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Locator } from "./locator.ts";
import type { PartTask } from "./part-task.ts";
import type { Scheduler } from "./scheduler.ts";
import type { TransferContext } from "./transfer-context.ts";

/** How often the number of connections is looked at, in milliseconds. */
const windowMs = 500;
/** A window with fewer answers than this is extended, up to the longest. */
const minimalCompletions = 4;
const longestWindowMs = 2000;
/** A lane busier than this is at its limit. */
const saturatedUtilization = 0.9;
/** A beat this late, in milliseconds, says that this process gets too little of the machine; for how long that is believed. */
const lateMs = 150;
const starvedMs = 1000;
/** How much of the newest measurement goes into the rate of a read. */
const rateWeight = 0.5;
/** Bytes per second that any connection is expected to give, even if none was seen to give more. */
const poorRate = 64 * 1024;
/** Splitting a part pays off when the rest of it would take longer than this, in milliseconds. */
const worthSplittingMs = 1000;

/** Looks at the transfer ten times a second: adapts concurrency, races late answers and slow reads, splits the last parts. */
export class Pacemaker {
  readonly #context: TransferContext;
  readonly #scheduler: Scheduler;
  readonly #dispatcher: Dispatcher;
  readonly #locator: Locator;
  /** Utilisation of the lanes of late, by what tells them apart. */
  readonly #utilization = new Map<object, number>();
  #windowStart: number;
  #nextBeat = Number.POSITIVE_INFINITY;
  #starvedUntil = 0;

  constructor(context: TransferContext, scheduler: Scheduler, dispatcher: Dispatcher, locator: Locator) {
    this.#context = context;
    this.#scheduler = scheduler;
    this.#dispatcher = dispatcher;
    this.#locator = locator;
    this.#windowStart = context.now;
  }

  utilization(lane: object, share: number): void {
    this.#utilization.set(lane, share);
  }

  /** To be called every `beatMs` milliseconds. */
  beat(beatMs: number): void {
    const { now } = this.#context;
    if (now - this.#nextBeat > lateMs) this.#starvedUntil = now + starvedMs;
    this.#nextBeat = now + beatMs;
    for (const run of [...this.#dispatcher.runs.values()]) this.#raceLateAnswer(run, now);
    const elapsed = now - this.#windowStart;
    if (elapsed < windowMs) return;
    this.#windowStart = now;
    for (const endpoint of this.#locator.endpoints.values()) this.#lookAt(endpoint, elapsed, now);
    this.#scheduler.pump();
    if (this.#scheduler.drained) this.#splitLongest();
  }

  #raceLateAnswer(run: ActiveRun, now: number): void {
    const [part] = run.parts;
    const { endpoint } = run;
    if (run.answeredAt !== undefined || part === undefined || part.runs.size > 1 || part.staged) return;
    if (endpoint.network === undefined || now - run.since < endpoint.hedge.deadlineMs || this.#saturated) return;
    if (endpoint.hedge.spend()) this.#race(part);
  }

  /**
   * A lane is at its limit, or this process does not get its share: then it is this machine that is slow, not the peer, and more
   * connections only make it worse.
   */
  get #saturated(): boolean {
    return this.#context.now < this.#starvedUntil || Math.max(0, ...this.#utilization.values()) >= saturatedUtilization;
  }

  /** Has a second connection read the rest of the part; whoever has a byte first delivers it. */
  #race(part: PartTask): void {
    const { scope } = part.file.source;
    if (this.#context.scope(scope).waitMs(this.#context.now) > 0) return;
    if (part.file.busy || part.file.current.current(this.#context.clock.now()) === undefined) return;
    part.attempts -= 1;
    this.#dispatcher.dispatch([part], true);
    this.#context.emit({ type: "hedge", source: part.file.source.id, path: part.file.file.path });
  }

  #lookAt(endpoint: Endpoint, elapsed: number, now: number): void {
    const runs = [...this.#dispatcher.runs.values()].filter((run) => run.endpoint === endpoint);
    for (const run of runs) {
      const rate = (run.bytes / elapsed) * 1000;
      run.rate = run.rate === 0 ? rate : run.rate * (1 - rateWeight) + rate * rateWeight;
      run.bytes = 0;
    }
    this.#raceSlowReads(endpoint, runs, now);
    const { window } = endpoint;
    endpoint.windowMs += elapsed;
    if (window.completions < minimalCompletions && window.bytes < 1024 * 1024 && endpoint.windowMs < longestWindowMs)
      return;
    endpoint.controller.observe({ ...window, durationMs: endpoint.windowMs, saturated: this.#saturated });
    endpoint.window = { bytes: 0, completions: 0, peak: endpoint.active };
    endpoint.windowMs = 0;
  }

  #raceSlowReads(endpoint: Endpoint, runs: readonly ActiveRun[], now: number): void {
    const atEnd = this.#scheduler.drained;
    if (endpoint.network === undefined || (this.#saturated && !atEnd)) return;
    const reading = runs.filter(
      (run) => run.answeredAt !== undefined && !run.paused && now - run.answeredAt > windowMs,
    );
    const median = medianRate(reading.map(({ rate }) => rate));
    if (reading.length > 2 || endpoint.usualRate === 0) endpoint.usualRate = Math.max(median, endpoint.usualRate * 0.8);
    const { maxBandwidth = Number.POSITIVE_INFINITY } = this.#context.options;
    const usualRate = Math.max(endpoint.usualRate, Math.min(poorRate, maxBandwidth / Math.max(1, reading.length) / 2));
    for (const run of reading) {
      const [part] = run.parts;
      if (part === undefined || part.runs.size > 1) continue;
      const pace = { ageMs: now - (run.answeredAt ?? now), rate: run.rate, remaining: part.end - part.received };
      if (isSlowRead(pace, usualRate, atEnd) && endpoint.hedge.spend()) this.#race(part);
    }
  }

  /** Nothing is left to give out but connections are free: the part that would take longest is shared. */
  #splitLongest(): void {
    let longest: PartTask | undefined;
    let longestMs = worthSplittingMs;
    for (const run of this.#dispatcher.runs.values()) {
      const [part] = run.parts;
      if (part === undefined || part.shrinking || part.runs.size > 1 || run.endpoint.free === 0 || !splittable(part))
        continue;
      const leftMs = ((part.end - part.received) / Math.max(run.rate, 1)) * 1000;
      if (run.rate > 0 && leftMs > longestMs) {
        longest = part;
        longestMs = leftMs;
      }
    }
    if (longest?.lane === undefined) return;
    const { unitSize } = longest.file.plan;
    const middle = (longest.received + longest.end) / 2;
    const end = Math.ceil(middle / unitSize) * unitSize;
    if (end >= longest.end) return;
    longest.shrinking = true;
    longest.lane.send({ type: "shrink", part: longest.id, end });
  }
}

/** Parts that have at least two units left, of files whose bytes may come in any order. */
function splittable({ file, end, received, staged }: PartTask): boolean {
  return (
    !staged &&
    !file.small &&
    file.rangesWork &&
    file.plan.spans.length === 0 &&
    file.plan.check.by !== "ranges" &&
    end - received > 2 * file.plan.unitSize
  );
}
