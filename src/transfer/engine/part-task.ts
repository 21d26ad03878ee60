import type { LaneClient } from "../lane/lane-client.ts";
import type { FileTask } from "./file-task.ts";

/** A range of a file on its way: what the engine knows of it. */
export class PartTask {
  readonly id: number;
  readonly file: FileTask;
  readonly start: number;
  end: number;
  frontier: number;
  /** The lane that holds its state; set by the first attempt. */
  lane: LaneClient | undefined;
  /** Attempts without progress, the running one included. */
  attempts = 0;
  /** Monotonic milliseconds before which it must not be tried again. */
  notBefore = 0;
  /** The next attempt has to use a new connection. */
  fresh = false;
  /** Runs that read it now: one, or two while it is hedged. */
  readonly runs = new Set<number>();

  constructor(id: number, file: FileTask, start: number, end: number) {
    this.id = id;
    this.file = file;
    this.start = start;
    this.end = end;
    this.frontier = start;
  }
}
