import type { ReadExpectation, Verdict } from "../http/judge-response.ts";
import type { LaneContext } from "./lane-context.ts";
import type { PartWork, ReadOrder, Route } from "./lane-messages.ts";
import type { PartSink } from "./part-sink.ts";

/** How a part is read over HTTP. */
export type HttpOrder = Extract<ReadOrder, { kind: "http" }>;

/** One attempt to read over HTTP. */
export interface HttpAttempt {
  readonly lane: LaneContext;
  readonly run: number;
  readonly route: Route;
  readonly work: PartWork;
  readonly order: HttpOrder;
  readonly sink: PartSink;
  readonly signal: AbortSignal;
}

/** Takes an answer's status and what its head was judged to be good for. */
export type ReportAnswer = (status: number, verdict: Verdict) => void;

/** Tells the engine of an answer's head, once. */
export function answerReporter({ lane, run, work }: HttpAttempt): ReportAnswer {
  const started = performance.now();
  return (status, verdict) => {
    const waitedMs = performance.now() - started;
    const accepted = verdict.kind === "body";
    const validator = accepted ? verdict.validator : undefined;
    lane.emit({ type: "answer", run, part: work.part, status, accepted, validator, waitedMs });
  };
}

/** What an answer must agree with. */
export function expectationOf({ lane, order, sink }: Pick<HttpAttempt, "lane" | "order" | "sink">): ReadExpectation {
  // A range that was begun before is read from its first byte: its digest is that of the whole range.
  const { start, end } = lane.proofOf(sink)?.rangeAt(sink.frontier) ?? { start: sink.frontier, end: sink.end };
  return {
    start,
    end,
    size: sink.spec.size,
    ranged: order.ranged,
    etag: order.ifMatch,
    expectHeaders: order.expectHeaders,
  };
}
