import type { ReadFailure } from "../http/read-failure.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { ConnectionCache } from "./connection-cache.ts";
import type { LaneEvent } from "./lane-messages.ts";
import type { Acceptance, PartSink } from "./part-sink.ts";

/** Something that reads at the moment and can be watched, slowed down and stopped. */
export interface ActiveRead {
  readonly run: number;
  readonly sink: PartSink;
  /** Monotonic milliseconds of the last byte. */
  readonly lastActivity: number;
  readonly paused: boolean;
  /** Hands over what is buffered. */
  flush(): void;
  pause(): void;
  resume(): void;
  /** Ends the read with this failure. */
  abort(failure: ReadFailure): void;
}

/** What the reads of a lane need of it. */
export interface LaneContext {
  readonly pool: BufferPool;
  readonly connections: ConnectionCache;
  emit(event: LaneEvent): void;
  /** Registers a read so that it is watched for stalls; undone by the returned function. */
  watch(read: ActiveRead): () => void;
  /** Delivers bytes to the read's part; may pause the read. Throws ReadFailureError when the disk refuses. */
  deliver(read: ActiveRead, position: number, buffer: Uint8Array, from: number, to: number): Acceptance;
}
