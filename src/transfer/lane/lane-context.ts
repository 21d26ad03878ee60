import type { ReadFailure } from "../http/read-failure.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { ConnectionCache } from "./connection-cache.ts";
import type { LaneEvent } from "./lane-messages.ts";
import type { Acceptance, PartSink } from "./part-sink.ts";
import type { RangeProof } from "./range-proof.ts";

/** Something that reads at the moment and can be watched, slowed down and stopped. */
export interface ActiveRead {
  readonly run: number;
  readonly part: number;
  readonly sink: PartSink;
  /** Monotonic milliseconds of the last byte. */
  readonly lastActivity: number;
  /** Milliseconds of silence that are all right now. */
  readonly patienceMs: number;
  /** Peer, when it is one. */
  readonly address: string | undefined;
  /** Hands over what is buffered. */
  flush(): void;
  /** Stops reading until resumed; may be called again while paused. */
  pause(): void;
  resume(): void;
  /** Ends the read with this failure. */
  abort(failure: ReadFailure): void;
}

/** What the reads of a lane need of it. */
export interface LaneContext {
  readonly pool: BufferPool;
  readonly connections: ConnectionCache;
  readonly stallTimeoutMs: number;
  emit(event: LaneEvent): void;
  /** What proves the part's units, where their digests come with the answers. */
  proofOf(sink: PartSink): RangeProof | undefined;
  /** Has all reads of the part hand over what they have buffered, so that its frontier is exact. */
  settle(sink: PartSink): void;
  /** Registers a read so that it is watched for stalls; undone by the returned function. */
  watch(read: ActiveRead): () => void;
  /** Bytes of the body came in. May pause the read. */
  received(read: ActiveRead, bytes: number): void;
  /** Delivers bytes to the read's part. May pause the read. Throws ReadFailureError when the disk refuses. */
  deliver(read: ActiveRead, position: number, buffer: Uint8Array, from: number, to: number): Acceptance;
  /** Takes bytes that lie in the part's staged file already, read into `buffer`. May pause the read. */
  reread(read: ActiveRead, buffer: Uint8Array): Acceptance;
}
