import { closeSync, openSync, readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { ReadFailureError } from "../http/read-failure.ts";
import type { ActiveRead, LaneContext } from "./lane-context.ts";
import type { ReadOrder } from "./lane-messages.ts";
import type { PartSink } from "./part-sink.ts";

type LocalOrder = Exclude<ReadOrder, { kind: "http" }>;

/** Reads what a part still lacks from a file, from memory or from a stream. Throws ReadFailureError or what the stream throws. */
export async function localRead(
  lane: LaneContext,
  run: number,
  order: LocalOrder,
  sink: PartSink,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new AbortController();
  const watched = new LocalRead(run, sink, stopped);
  const unwatch = lane.watch(watched);
  try {
    await readAll(lane, watched, order, AbortSignal.any([signal, stopped.signal]));
  } finally {
    unwatch();
  }
}

class LocalRead implements ActiveRead {
  readonly run: number;
  readonly sink: PartSink;
  readonly #stopped: AbortController;
  #resume: (() => void) | undefined;
  lastActivity = performance.now();
  paused = false;

  constructor(run: number, sink: PartSink, stopped: AbortController) {
    this.run = run;
    this.sink = sink;
    this.#stopped = stopped;
  }

  flush(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.lastActivity = performance.now();
    this.#resume?.();
  }

  abort(failure: ConstructorParameters<typeof ReadFailureError>[0]): void {
    this.#stopped.abort(new ReadFailureError(failure));
    this.#resume?.();
  }

  async ready(): Promise<void> {
    while (this.paused && !this.#stopped.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
    this.lastActivity = performance.now();
  }
}

async function readAll(lane: LaneContext, read: LocalRead, order: LocalOrder, signal: AbortSignal): Promise<void> {
  if (order.kind === "file") return readFile(lane, read, order.path, signal);
  const chunks =
    order.kind === "bytes" ? [order.bytes.subarray(read.sink.frontier)] : order.open(read.sink.frontier, signal);
  let position = read.sink.frontier;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      signal.throwIfAborted();
      const buffer = lane.pool.take();
      const count = Math.min(chunk.length - at, buffer.length);
      buffer.set(chunk.subarray(at, at + count));
      const { kept, complete } = lane.deliver(read, position, buffer, 0, count);
      if (!kept) lane.pool.give(buffer);
      position += count;
      at += count;
      if (complete) {
        if (order.kind === "stream" && position > read.sink.end && read.sink.end === read.sink.spec.size)
          throw tooLong();
        return;
      }
      await read.ready();
      await turn();
    }
  }
}

function tooLong(): ReadFailureError {
  return new ReadFailureError({ kind: "changed", detail: "the source delivers more bytes than the object has" });
}

async function readFile(lane: LaneContext, read: LocalRead, path: string, signal: AbortSignal): Promise<void> {
  const fd = openSource(path);
  try {
    for (;;) {
      signal.throwIfAborted();
      const buffer = lane.pool.take();
      const position = read.sink.frontier;
      const wanted = Math.min(buffer.length, read.sink.end - position);
      const count = readSync(fd, buffer, 0, wanted, position);
      const { kept, complete } = lane.deliver(read, position, buffer, 0, count);
      if (!kept) lane.pool.give(buffer);
      if (complete || count === 0) return;
      await read.ready();
      await turn();
    }
  } finally {
    closeSync(fd);
  }
}

function openSource(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ReadFailureError({
      kind: code === "ENOENT" ? "status" : "read",
      httpStatus: code === "ENOENT" ? 404 : undefined,
      detail: message,
    });
  }
}
