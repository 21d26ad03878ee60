import { type LaneClient, startLocalLane, startWorkerLane } from "../lane/lane-client.ts";
import type { LaneEvent, LaneSettings } from "../lane/lane-messages.ts";

/** A lane that does not stop by itself is ended after this many milliseconds. */
const graceMs = 800;

/** The transfer's lanes, and which one gets the next work. */
export class LanePool {
  readonly #settings: LaneSettings;
  readonly #onEvents: (lane: LaneClient, events: readonly LaneEvent[]) => void;
  readonly #count: number;
  readonly #onFailure: (error: Error) => void;
  readonly #lanes: LaneClient[] = [];
  readonly #load = new Map<LaneClient, number>();
  readonly #rates = new Map<LaneClient, number>();
  #local: LaneClient | undefined;
  /** Bytes per second of all lanes together. */
  #rate: number | undefined;

  constructor(
    settings: LaneSettings,
    count: number,
    onEvents: (lane: LaneClient, events: readonly LaneEvent[]) => void,
    onFailure: (error: Error) => void,
  ) {
    this.#settings = settings;
    this.#count = count;
    this.#onEvents = onEvents;
    this.#onFailure = onFailure;
  }

  /** The lane with the least to do. Threads are started as they are needed. */
  leastLoaded(): LaneClient {
    const load = (lane: LaneClient): number => this.#load.get(lane) ?? 0;
    const [first, ...rest] = this.#lanes;
    const best = rest.reduce((least, lane) => (load(lane) < load(least) ? lane : least), first ?? this.#start());
    return load(best) > 0 && this.#lanes.length < this.#count ? this.#start() : best;
  }

  #start(): LaneClient {
    const lane: LaneClient = startWorkerLane(this.#settings, (events) => this.#onEvents(lane, events), this.#onFailure);
    this.#lanes.push(lane);
    this.#limit(lane);
    return lane;
  }

  /** A lane that is started between two shares is capped before it gets its first work; the next share is exact. */
  #limit(lane: LaneClient): void {
    if (this.#rate === undefined) return;
    const share = this.#rate / (this.#lanes.length + (this.#local === undefined ? 0 : 1));
    this.#rates.set(lane, share);
    lane.send({ type: "rate", bytesPerSecond: share });
  }

  /** The lane in this thread, for what cannot cross into another one. */
  local(): LaneClient {
    if (this.#local !== undefined) return this.#local;
    const lane: LaneClient = startLocalLane(this.#settings, (events) => this.#onEvents(lane, events), this.#onFailure);
    this.#local = lane;
    this.#limit(lane);
    return lane;
  }

  begin(lane: LaneClient): void {
    this.#load.set(lane, (this.#load.get(lane) ?? 0) + 1);
  }

  end(lane: LaneClient): void {
    this.#load.set(lane, (this.#load.get(lane) ?? 1) - 1);
  }

  /** Shares a bandwidth cap (bytes per second) among the lanes that have something to do. */
  shareRate(bytesPerSecond: number | undefined): void {
    this.#rate = bytesPerSecond;
    if (bytesPerSecond === undefined) return;
    const all = [...this.#lanes, ...(this.#local === undefined ? [] : [this.#local])];
    const busy = all.filter((lane) => (this.#load.get(lane) ?? 0) > 0);
    const share = bytesPerSecond / Math.max(1, busy.length);
    for (const lane of all) {
      if (this.#rates.get(lane) === share) continue;
      this.#rates.set(lane, share);
      lane.send({ type: "rate", bytesPerSecond: share });
    }
  }

  /** Destroys every socket and ends the threads. Nothing writes to any file afterwards. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes, this.#local].map((lane) => lane?.close(graceMs)));
  }
}
