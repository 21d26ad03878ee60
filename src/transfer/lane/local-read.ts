import { closeSync, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { isStorageError } from "../../errors.ts";
import { ReadFailureError } from "../http/read-failure.ts";
import { feed, Gate } from "./feed.ts";
import type { ActiveRead, LaneContext } from "./lane-context.ts";
import type { PartWork, ReadOrder } from "./lane-messages.ts";
import type { PartSink } from "./part-sink.ts";

type LocalOrder = Exclude<ReadOrder, { kind: "http" }>;

/** Streams come from code that is not ours and may have retries of its own: it gets more time, in milliseconds. */
const streamPatienceMs = 60_000;

/** Reads what a part still lacks from a file, from memory, from a stream or from its own staged file. Throws ReadFailureError. */
export async function localRead(
  lane: LaneContext,
  run: number,
  { part, read: order }: PartWork & { readonly read: LocalOrder },
  sink: PartSink,
  signal: AbortSignal,
): Promise<void> {
  const gate = new Gate(signal);
  const read: ActiveRead = {
    run,
    part,
    sink,
    get lastActivity() {
      return gate.lastActivity;
    },
    patienceMs: order.kind === "stream" ? streamPatienceMs : Number.POSITIVE_INFINITY,
    address: undefined,
    flush: () => {},
    pause: () => gate.pause(),
    resume: () => gate.resume(),
    abort: (failure) => gate.abort(failure),
  };
  const unwatch = lane.watch(read);
  try {
    await readFrom(lane, read, order, gate);
  } catch (error) {
    throw gate.failure ?? asFailure(error);
  } finally {
    unwatch();
  }
}

function readFrom(lane: LaneContext, read: ActiveRead, order: LocalOrder, gate: Gate): Promise<void> {
  const start = read.sink.frontier;
  switch (order.kind) {
    case "file":
      return copyFile(lane, read, order, gate);
    case "staged":
      return lookAtStaged(lane, read, gate);
    case "bytes":
      return feed(lane, read, gate, [order.bytes.subarray(start)], start);
    case "stream":
      return feed(lane, read, gate, order.open(start, gate.signal), start);
  }
}

async function copyFile(
  lane: LaneContext,
  read: ActiveRead,
  order: Extract<LocalOrder, { kind: "file" }>,
  gate: Gate,
): Promise<void> {
  const fd = openSource(order.path);
  try {
    if (order.plain === true) requirePlace(fd, order.path);
    requireUnchanged(fd, order.modified);
    for (;;) {
      await gate.pass();
      const buffer = lane.pool.take();
      const position = read.sink.frontier;
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, read.sink.end - position), position);
      lane.received(read, count);
      const { kept, complete } = lane.deliver(read, position, buffer, 0, count);
      if (!kept) lane.pool.give(buffer);
      if (complete || count === 0) break;
      await turn();
    }
    requireUnchanged(fd, order.modified);
  } finally {
    closeSync(fd);
  }
}

/** A directory on the way may have become a symbolic link since the path was judged. What is open tells where it lies, on Linux. */
function requirePlace(fd: number, path: string): void {
  let place: string;
  try {
    place = readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return;
  }
  if (place !== path) throw new ReadFailureError({ kind: "changed", detail: "the path leads to another file now" });
}

/** Every part opens the file anew, and nothing keeps others from writing to it: its time tells before and after. */
function requireUnchanged(fd: number, modified: string | undefined): void {
  if (modified === undefined || String(fstatSync(fd, { bigint: true }).mtimeNs) === modified) return;
  throw new ReadFailureError({ kind: "changed", detail: "the file was changed while it was read" });
}

async function lookAtStaged(lane: LaneContext, read: ActiveRead, gate: Gate): Promise<void> {
  for (let complete = false; !complete; ) {
    await gate.pass();
    const buffer = lane.pool.take();
    const taken = lane.reread(read, buffer);
    if (!taken.kept) lane.pool.give(buffer);
    complete = taken.complete;
    await turn();
  }
}

function openSource(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new ReadFailureError({ kind: "status", httpStatus: 404, detail: "the file does not exist" });
    throw new ReadFailureError({ kind: "read", detail: message });
  }
}

function asFailure(error: unknown): ReadFailureError {
  if (error instanceof ReadFailureError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ReadFailureError({ kind: "read", detail, error: isStorageError(error) ? error.fields() : undefined });
}
