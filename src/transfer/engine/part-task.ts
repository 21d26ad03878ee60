import type { LaneClient } from "../lane/lane-client.ts";
import type { FileTask, OpenPart } from "./file-task.ts";

/** A range of a file on its way: what the engine knows of it. Times in monotonic milliseconds. */
export class PartTask implements OpenPart {
  readonly id: number;
  readonly file: FileTask;
  readonly start: number;
  end: number;
  /** Bytes before this are on disk for certain. */
  frontier: number;
  /** Bytes before this came in; what is between the two may still be in a buffer. */
  received: number;
  /** The bytes are in the staged file already and only have to be looked at. */
  readonly staged: boolean;
  /** The lane that holds its state; set by the first attempt. */
  lane: LaneClient | undefined;
  /** Attempts in a row that brought next to nothing, the running one included. */
  attempts = 0;
  /** When the present row of failures began. */
  failingSince: number | undefined;
  /** It must not be tried again before. */
  notBefore = 0;
  /** The next attempt has to use a new connection. */
  fresh = false;
  /** The engine asked its lane to end it earlier. */
  shrinking = false;
  /** Runs that read it now: one, or two while it is hedged. */
  readonly runs = new Set<number>();

  constructor(id: number, file: FileTask, range: { readonly start: number; readonly end: number }, staged: boolean) {
    this.id = id;
    this.file = file;
    this.start = range.start;
    this.end = range.end;
    this.frontier = range.start;
    this.received = range.start;
    this.staged = staged;
  }
}
