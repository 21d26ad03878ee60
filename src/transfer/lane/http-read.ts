import { proxyFor } from "../../network/proxy-for.ts";
import { contentLength, judgeResponse, type ReadExpectation } from "../http/judge-response.ts";
import { requestTarget } from "../http/origin.ts";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import { formatRequest, type RequestLine } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { serviceError } from "../http/service-error.ts";
import type { Connection } from "./connection.ts";
import type { BodyOrder, Exchange, Outcome } from "./exchange.ts";
import { expectDigest } from "./expect-digest.ts";
import { answerReporter, expectationOf, type HttpAttempt, type HttpOrder, type ReportAnswer } from "./http-attempt.ts";
import type { ActiveRead } from "./lane-context.ts";
import type { Route } from "./lane-messages.ts";

/** Reads what a part still lacks with one request. Throws ReadFailureError. */
export async function httpRead(attempt: HttpAttempt): Promise<void> {
  const { lane, run, route, order, sink, signal } = attempt;
  const url = new URL(order.url);
  const viaProxy = await forwarding(url, route);
  for (let fresh = route.fresh; ; ) {
    const { connection, reused } = await lane.connections.lease(run, url, route, fresh, signal);
    lane.settle(sink);
    const outcome = sink.complete
      ? { kind: "complete" as const }
      : await exchangeOnce(attempt, url, viaProxy, connection);
    lane.connections.giveBack(url, route, connection);
    if (outcome.kind === "unsupported") {
      const { fallbackRead } = await import("./fallback-read.ts");
      await fallbackRead(attempt);
    }
    if (outcome.kind === "failed") {
      if (!(outcome.unanswered && reused) || signal.aborted) throw new ReadFailureError(outcome.failure);
      fresh = true;
    } else if (sink.complete || order.rangeDigest === undefined) return;
  }
}

async function exchangeOnce(
  attempt: HttpAttempt,
  url: URL,
  viaProxy: RequestLine["viaProxy"],
  connection: Connection,
): Promise<Outcome> {
  const { lane, run, work, order, sink, signal } = attempt;
  const expected = expectationOf(attempt);
  const read: ActiveRead = {
    run,
    part: work.part,
    sink,
    get lastActivity() {
      return connection.lastActivity;
    },
    get patienceMs() {
      return connection.answered ? lane.stallTimeoutMs : work.answerTimeoutMs;
    },
    get address() {
      return connection.address;
    },
    flush: () => connection.flush(),
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    abort: (failure) => connection.abort(failure),
  };
  const report = answerReporter(attempt);
  const exchange: Exchange = {
    request: requestText(order, url, viaProxy, expected),
    onHead: (head) => orderFor(head, expected, attempt, report),
    onReceived: (bytes) => lane.received(read, bytes),
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
    connection.resume();
  }
}

/** What a proxy that forwards plain HTTP is told; undefined where none is in the way. Only then is its code loaded. */
async function forwarding(url: URL, route: Route): Promise<RequestLine["viaProxy"]> {
  const proxy = url.protocol === "http:" ? proxyFor(route.network, url) : undefined;
  if (proxy === undefined) return undefined;
  const { proxyAuthorization } = await import("../../network/tunnel.ts");
  return { authorization: proxyAuthorization(proxy)["proxy-authorization"] };
}

function requestText(order: HttpOrder, url: URL, viaProxy: RequestLine["viaProxy"], expected: ReadExpectation): string {
  return formatRequest({
    url,
    target: requestTarget(order.url),
    headers: order.rangeDigest === undefined ? order.headers : { ...order.headers, ...order.rangeDigest.ask },
    range: order.ranged ? { start: expected.start, end: expected.end } : undefined,
    ifMatch: order.ifMatch,
    storedEncoding: order.expectHeaders?.["content-encoding"],
    viaProxy,
  });
}

function orderFor(
  head: ResponseHead,
  expected: ReadExpectation,
  { lane, order, sink }: HttpAttempt,
  report: ReportAnswer,
): BodyOrder {
  const judged = judgeResponse(head, expected, Date.now());
  const verdict = expectDigest(lane.proofOf(sink), order.rangeDigest, head, expected, judged);
  if (verdict.kind === "body") {
    const { offset, length } = verdict;
    if (length === undefined) return { kind: "leave", outcome: { kind: "unsupported" } };
    report(head.status, verdict);
    return { kind: "deliver", offset, length };
  }
  report(head.status, verdict);
  const { failure } = verdict;
  return speaks(failure)
    ? { kind: "explain", failure, length: contentLength(head) }
    : { kind: "leave", outcome: { kind: "failed", failure, unanswered: false } };
}

/** Failures whose answers have a body worth reading, and a connection worth keeping. */
function speaks(failure: ReadFailure): boolean {
  return failure.kind === "status" || failure.kind === "changed" || failure.kind === "redirect";
}
