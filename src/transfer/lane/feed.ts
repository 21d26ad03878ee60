import { setImmediate as turn } from "node:timers/promises";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import type { ActiveRead, LaneContext } from "./lane-context.ts";

/** Lets a loop that reads be paused, resumed and stopped from outside. */
export class Gate {
  /** Monotonic milliseconds of the last byte. */
  lastActivity = performance.now();
  /** Why it was stopped. */
  failure: ReadFailureError | undefined;
  readonly signal: AbortSignal;
  readonly #stopped = new AbortController();
  #closed = false;
  #open: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#stopped.signal]);
    this.signal.addEventListener("abort", () => this.#open?.(), { once: true });
  }

  pause(): void {
    this.#closed = true;
  }

  resume(): void {
    this.#closed = false;
    this.lastActivity = performance.now();
    this.#open?.();
  }

  abort(failure: ReadFailure): void {
    this.failure ??= new ReadFailureError(failure);
    this.#stopped.abort(this.failure);
  }

  /** Resolves when reading may go on. Throws when it was stopped. */
  async pass(): Promise<void> {
    while (this.#closed && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#open = resolve;
      });
    }
    if (this.failure !== undefined) throw this.failure;
    this.signal.throwIfAborted();
  }
}

/**
 * Delivers chunks, gathered into whole buffers, to a read's part. Ends with the part, or with the chunks; chunks of a whole
 * object are read to their end, because one that goes on after its last byte is another object.
 */
export async function feed(
  lane: LaneContext,
  read: ActiveRead,
  gate: Gate,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  start: number,
): Promise<void> {
  const { sink } = read;
  let buffer = lane.pool.take();
  let fill = 0;
  let position = start;
  const flush = (): void => {
    const { kept } = lane.deliver(read, position, buffer, 0, fill);
    position += fill;
    fill = 0;
    if (kept) buffer = lane.pool.take();
  };
  try {
    for await (const chunk of chunks) {
      gate.lastActivity = performance.now();
      lane.received(read, chunk.length);
      if (position + fill + chunk.length > sink.spec.size) throw new ReadFailureError(longer(sink.spec.size));
      for (let at = 0; at < chunk.length; ) {
        const count = Math.min(chunk.length - at, buffer.length - fill);
        buffer.set(chunk.subarray(at, at + count), fill);
        at += count;
        fill += count;
        if (fill === buffer.length) {
          flush();
          await turn();
        }
        await gate.pass();
      }
      if (position + fill >= sink.end && sink.end < sink.spec.size) break;
    }
  } finally {
    if (fill > 0) flush();
    lane.pool.give(buffer);
  }
}

function longer(size: number): ReadFailure {
  return { kind: "changed", detail: `the source sends more than the ${size} bytes that were expected` };
}
