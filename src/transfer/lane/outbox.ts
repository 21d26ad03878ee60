import type { LaneEvent } from "./lane-messages.ts";

/** Events that nothing waits for: a message to the engine's thread costs as much as a small file's disk work. */
const patient: ReadonlySet<LaneEvent["type"]> = new Set([
  "answer",
  "piece",
  "span",
  "part-done",
  "synced",
  "received",
  "tick",
  "address",
]);
const patienceMs = 10;

/** Gathers a lane's events, so that one message carries many. */
export class Outbox {
  readonly #post: (events: readonly LaneEvent[]) => void;
  #events: LaneEvent[] = [];
  #leaving = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(post: (events: readonly LaneEvent[]) => void) {
    this.#post = post;
  }

  /** Queues an event. One that frees a connection or is waited for goes out at once, and everything before it with it. */
  put(event: LaneEvent): void {
    this.#events.push(event);
    if (this.#leaving) return;
    if (!patient.has(event.type)) {
      this.#leaving = true;
      setImmediate(() => this.flush());
    } else this.#patience ??= setTimeout(() => this.flush(), patienceMs);
  }

  /** Sends everything now. */
  flush(): void {
    this.#leaving = false;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#post(events);
  }
}
