import { proxyFor } from "../../network/proxy-for.ts";
import { proxyAuthorization } from "../../network/tunnel.ts";
import { contentLength, judgeResponse, type ReadExpectation } from "../http/judge-response.ts";
import { requestTarget } from "../http/origin.ts";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import { formatRequest } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { serviceError } from "../http/service-error.ts";
import type { BodyOrder, Connection, Exchange, Outcome } from "./connection.ts";
import { fallbackRead } from "./fallback-read.ts";
import type { ActiveRead, LaneContext } from "./lane-context.ts";
import type { ReadOrder, Route, Run } from "./lane-messages.ts";
import type { PartSink } from "./part-sink.ts";

/** How a part is read over HTTP. */
export type HttpOrder = Extract<ReadOrder, { kind: "http" }>;

/** Reads what a part still lacks with one request. Throws ReadFailureError. */
export async function httpRead(
  lane: LaneContext,
  run: Run,
  part: number,
  order: HttpOrder,
  sink: PartSink,
  signal: AbortSignal,
): Promise<void> {
  const { route } = run;
  if (route === undefined) throw new ReadFailureError({ kind: "read", detail: "no route to the source" });
  const url = new URL(order.url);
  for (let fresh = route.fresh; ; fresh = true) {
    const { connection, reused } = await lane.connections.lease(url, route, fresh, signal);
    const outcome = await oneExchange(lane, run, part, order, url, route, sink, connection, signal);
    lane.connections.giveBack(url, route, connection);
    if (outcome.kind === "complete") return;
    if (outcome.kind === "unsupported") return fallbackRead(lane, run.run, order, route, sink, signal);
    if (!(outcome.unanswered && reused) || signal.aborted) throw new ReadFailureError(outcome.failure);
  }
}

async function oneExchange(
  lane: LaneContext,
  run: Run,
  part: number,
  order: HttpOrder,
  url: URL,
  route: Route,
  sink: PartSink,
  connection: Connection,
  signal: AbortSignal,
): Promise<Outcome> {
  const expected = expectationOf(order, sink);
  const started = performance.now();
  const read: ActiveRead = {
    run: run.run,
    sink,
    get lastActivity() {
      return connection.lastActivity;
    },
    get paused() {
      return connection.paused;
    },
    flush: () => connection.flush(),
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    abort: (failure) => connection.abort(failure),
  };
  const exchange: Exchange = {
    request: requestText(order, url, route, expected),
    onHead: (head) => {
      const judged = orderFor(head, expected);
      lane.emit({
        type: "answer",
        run: run.run,
        part,
        status: head.status,
        validator: judged.validator,
        waitedMs: performance.now() - started,
      });
      return judged.body;
    },
    onBytes: (position, buffer, from, to) => lane.deliver(read, position, buffer, from, to),
    onExplanation: serviceError,
  };
  const unwatch = lane.watch(read);
  const onAbort = (): void => connection.abort({ kind: "connection", detail: "the read was stopped" });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await connection.exchange(exchange);
  } finally {
    unwatch();
    signal.removeEventListener("abort", onAbort);
  }
}

/** What an answer must agree with. */
export function expectationOf(order: HttpOrder, sink: PartSink): ReadExpectation {
  return {
    start: sink.frontier,
    end: sink.end,
    size: sink.spec.size,
    ranged: order.ranged,
    etag: order.ifMatch,
    expectHeaders: order.expectHeaders,
  };
}

function requestText(order: HttpOrder, url: URL, route: Route, expected: ReadExpectation): string {
  const proxy = url.protocol === "http:" ? proxyFor(route.network, url) : undefined;
  return formatRequest({
    url,
    target: requestTarget(order.url),
    headers: order.headers,
    range: order.ranged ? { start: expected.start, end: expected.end } : undefined,
    ifMatch: order.ifMatch,
    viaProxy: proxy === undefined ? undefined : { authorization: proxyAuthorization(proxy)["proxy-authorization"] },
  });
}

function orderFor(
  head: ResponseHead,
  expected: ReadExpectation,
): { readonly body: BodyOrder; readonly validator: string | undefined } {
  const verdict = judgeResponse(head, expected, Date.now());
  if (verdict.kind === "body") {
    const { offset, length, validator } = verdict;
    const body: BodyOrder =
      length === undefined ? { kind: "leave", outcome: { kind: "unsupported" } } : { kind: "deliver", offset, length };
    return { body, validator };
  }
  const { failure } = verdict;
  const body: BodyOrder = speaks(failure)
    ? { kind: "explain", failure, length: contentLength(head) }
    : { kind: "leave", outcome: { kind: "failed", failure, unanswered: false } };
  return { body, validator: undefined };
}

/** Failures whose answers have a body worth reading, and a connection worth keeping. */
function speaks(failure: ReadFailure): boolean {
  return failure.kind === "status" || failure.kind === "changed" || failure.kind === "redirect";
}
