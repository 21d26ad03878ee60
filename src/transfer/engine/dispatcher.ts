import { directNetwork } from "../../network/network-profile.ts";
import type { LaneClient } from "../lane/lane-client.ts";
import type { PartFile, PartSpec, PartWork, ReadOrder, SpanSpec } from "../lane/lane-messages.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LanePool } from "./lane-pool.ts";
import type { Locator } from "./locator.ts";
import type { PartTask } from "./part-task.ts";
import type { Located } from "./source-access.ts";
import type { TransferContext } from "./transfer-context.ts";

/** Parts that one connection reads one after the other, as the engine sees them. Times in monotonic milliseconds. */
export interface ActiveRun {
  readonly id: number;
  readonly endpoint: Endpoint;
  readonly located: Located;
  readonly lane: LaneClient;
  readonly sourceId: string;
  readonly scope: string;
  /** Those that were not finished or failed yet, in order; the first is being read. */
  readonly parts: PartTask[];
  /** When the part that is being read was begun. */
  since: number;
  /** When its answer came. */
  answeredAt: number | undefined;
  /** Bytes since the last look at rates, and the rate of late in bytes per second. */
  bytes: number;
  rate: number;
  /** It waits for its turn, not for its peer. */
  paused: boolean;
}

/** Addresses offered to a lane for one connection. */
const addressesPerConnection = 3;
const maxAnswerTimeoutMs = 30_000;

/** Hands parts to lanes and keeps account of what runs where. */
export class Dispatcher {
  readonly runs = new Map<number, ActiveRun>();
  readonly #context: TransferContext;
  readonly #lanes: LanePool;
  readonly #locator: Locator;
  readonly #journal: number;
  readonly #stallTimeoutMs: number;

  /** `journal`: the descriptor that lanes append their records to. */
  constructor(context: TransferContext, lanes: LanePool, locator: Locator, journal: number, stallTimeoutMs: number) {
    this.#context = context;
    this.#lanes = lanes;
    this.#locator = locator;
    this.#journal = journal;
    this.#stallTimeoutMs = stallTimeoutMs;
  }

  /** Starts to read these parts over one connection: all of them are located at the same endpoint. */
  dispatch(parts: readonly PartTask[], fresh = false): void {
    const [first] = parts;
    const located = first?.file.current.current(this.#context.clock.now());
    if (first === undefined || located === undefined) throw new RangeError("only located parts can be read");
    const lane = this.#laneFor(first, located);
    const id = this.#context.nextId();
    const works = parts.map((part) => this.#work(part, lane, id));
    const { endpoint } = located;
    const { source } = first.file;
    this.runs.set(id, {
      id,
      endpoint,
      located,
      lane,
      sourceId: source.id,
      scope: source.scope,
      parts: [...parts],
      since: this.#context.now,
      answeredAt: undefined,
      bytes: 0,
      rate: 0,
      paused: false,
    });
    endpoint.acquire();
    this.#lanes.begin(lane);
    this.#locator.refresh(endpoint);
    const route = {
      network: endpoint.network ?? directNetwork,
      addresses: endpoint.book.pick(addressesPerConnection, this.#context.now),
      fresh: fresh || first.fresh,
    };
    lane.send({ type: "run", run: { run: id, scope: source.scope, route, works } });
  }

  /** The run is over. Returns it, once. */
  ended(id: number): ActiveRun | undefined {
    const run = this.runs.get(id);
    if (run === undefined) return undefined;
    this.runs.delete(id);
    run.endpoint.release();
    this.#lanes.end(run.lane);
    return run;
  }

  #laneFor(part: PartTask, located: Located): LaneClient {
    const spans = spansOf(part);
    const known = part.lane ?? (spans[0] === undefined ? undefined : part.file.spanLanes.get(spans[0].span));
    const lane = known ?? (laneKindOf(located) === "local" ? this.#lanes.local() : this.#lanes.leastLoaded());
    for (const { span } of spans) part.file.spanLanes.set(span, lane);
    return lane;
  }

  #work(part: PartTask, lane: LaneClient, run: number): PartWork {
    const located = part.file.current.current(this.#context.clock.now());
    if (located === undefined) throw new RangeError("only located parts can be read");
    const spec =
      part.lane === undefined ? specOf(part, this.#journal, this.#context.options.target.fileMode ?? 0o600) : undefined;
    part.lane = lane;
    part.attempts += 1;
    part.runs.add(run);
    const answerTimeoutMs = Math.min(
      Math.max(maxAnswerTimeoutMs, this.#stallTimeoutMs),
      this.#stallTimeoutMs * 2 ** Math.min(part.attempts - 1, 8),
    );
    return { part: part.id, spec, read: part.staged ? { kind: "staged" } : orderOf(part, located), answerTimeoutMs };
  }
}

/** Streams and bytes in memory cannot cross into a worker thread. */
export function laneKindOf({ read }: Located): "worker" | "local" {
  return read.kind === "stream" || read.kind === "bytes" ? "local" : "worker";
}

function specOf(part: PartTask, journal: number, mode: number): PartSpec {
  const { file } = part;
  const { plan, fd, stagedPath: path } = file;
  const target: PartFile = fd === undefined ? { kind: "create", path, mode } : { kind: "descriptor", fd, path };
  return {
    part: part.id,
    start: part.start,
    end: part.end,
    size: file.file.size,
    file: target,
    crc: plan.unitAlgorithm,
    unitSize: plan.unitSize,
    proof: plan.check.by === "ranges" ? plan.check.digest : undefined,
    cuts: plan.cuts.filter((cut) => cut > part.start && cut < part.end),
    spans: spansOf(part),
    journal: part.staged || file.journalId === undefined ? undefined : { fd: journal, file: file.journalId },
  };
}

/** The serial stretches that the part has bytes of and whose digest is not known. */
function spansOf({ file, start, end }: PartTask): readonly SpanSpec[] {
  return file.spans.filter((span) => span.start < end && span.end > start && !file.spanValues.has(span.span));
}

function orderOf(part: PartTask, { read }: Located): ReadOrder {
  const { file } = part;
  if (read.kind === "stream") {
    const { source } = file;
    return { kind: "stream", open: (offset, signal) => openStream(source, offset, signal) };
  }
  if (read.kind !== "http") return read;
  const whole = part.frontier === 0 && part.end === file.file.size;
  const { url, headers, ifMatch, expectHeaders } = read;
  const { check } = file.plan;
  const rangeDigest =
    check.by === "ranges" && file.rangesWork ? read.rangeDigestHeaders?.[check.digest.algorithm] : undefined;
  const ranged = rangeDigest !== undefined || (file.rangesWork && !(whole && file.small));
  return { kind: "http", url, headers, ranged, ifMatch, expectHeaders, rangeDigest };
}

function openStream(
  source: PartTask["file"]["source"],
  offset: number,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (source.read === undefined) throw new TypeError("the source does not stream");
  return source.read({ offset, signal });
}
