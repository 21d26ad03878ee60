import type { ActiveRead } from "./lane-context.ts";
import type { LaneEvent } from "./lane-messages.ts";
import type { PartSink } from "./part-sink.ts";

/** The reads of a lane that are under way: what they received and was not told yet, and which of them are silent for too long. */
export class ActiveReads {
  /** With the bytes that were not told yet. */
  readonly #reads = new Map<ActiveRead, number>();
  readonly #emit: (event: Extract<LaneEvent, { type: "received" | "silent" }>) => void;

  constructor(emit: (event: Extract<LaneEvent, { type: "received" | "silent" }>) => void) {
    this.#emit = emit;
  }

  get all(): readonly ActiveRead[] {
    return [...this.#reads.keys()];
  }

  of(sink: PartSink): readonly ActiveRead[] {
    return this.all.filter((read) => read.sink === sink);
  }

  add(read: ActiveRead): void {
    this.#reads.set(read, 0);
  }

  delete(read: ActiveRead): void {
    this.#report(read);
    this.#reads.delete(read);
  }

  received(read: ActiveRead, bytes: number): void {
    this.#reads.set(read, (this.#reads.get(read) ?? 0) + bytes);
  }

  /** Tells what every read received since it was told last. */
  report(): void {
    for (const read of this.all) this.#report(read);
  }

  #report(read: ActiveRead): void {
    const bytes = this.#reads.get(read) ?? 0;
    if (bytes === 0) return;
    this.#reads.set(read, 0);
    this.#emit({ type: "received", part: read.part, run: read.run, bytes });
  }

  /** Ends the reads whose peers are silent for longer than is all right, but for those that wait for their turn. `now` in monotonic milliseconds. */
  stopStalled(now: number, waits: (read: ActiveRead) => boolean): void {
    for (const read of this.all) {
      const silence = now - read.lastActivity;
      if (waits(read) || silence < read.patienceMs) continue;
      if (read.address !== undefined) this.#emit({ type: "silent", run: read.run, address: read.address });
      read.abort({ kind: "stalled", detail: `no byte came for ${Math.round(silence)} ms` });
    }
  }
}
