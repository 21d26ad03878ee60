import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { createDispatcher } from "../../network/dispatcher.ts";
import { judgeResponse } from "../http/judge-response.ts";
import { requestTarget } from "../http/origin.ts";
import { type ReadFailure, ReadFailureError } from "../http/read-failure.ts";
import { requestFields } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { expectDigest } from "./expect-digest.ts";
import { feed, Gate } from "./feed.ts";
import { answerReporter, expectationOf, type HttpAttempt } from "./http-attempt.ts";
import type { ActiveRead } from "./lane-context.ts";

/**
 * Reads a part through undici, for answers that the fast path does not take: chunked bodies and bodies whose end only the
 * closing connection tells. The same rules hold for them. Throws ReadFailureError.
 */
export async function fallbackRead(attempt: HttpAttempt): Promise<void> {
  const { lane, run, route, work, sink, signal } = attempt;
  const gate = new Gate(signal);
  const dispatcher = createDispatcher(route.network, { headersTimeoutMs: 0, bodyTimeoutMs: 0 });
  let answered = false;
  const read: ActiveRead = {
    run,
    part: work.part,
    sink,
    get lastActivity() {
      return gate.lastActivity;
    },
    get patienceMs() {
      return answered ? lane.stallTimeoutMs : work.answerTimeoutMs;
    },
    address: undefined,
    flush: () => {},
    pause: () => gate.pause(),
    resume: () => gate.resume(),
    abort: (failure) => gate.abort(failure),
  };
  const unwatch = lane.watch(read);
  try {
    const { body, position, end } = await ask(attempt, dispatcher, gate.signal);
    answered = true;
    await feed(lane, read, gate, body, position);
    if (!sink.complete && sink.frontier < end)
      throw new ReadFailureError({ kind: "truncated", detail: "the answer ended early" });
  } catch (error) {
    throw gate.failure ?? asFailure(error);
  } finally {
    unwatch();
    await dispatcher.destroy();
  }
}

async function ask(
  attempt: HttpAttempt,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<{ readonly body: Readable; readonly position: number; readonly end: number }> {
  const { lane, order, sink } = attempt;
  const url = new URL(order.url);
  const expected = expectationOf(attempt);
  const range = order.ranged ? { start: expected.start, end: expected.end } : undefined;
  const target = requestTarget(order.url);
  const fields = requestFields({
    url,
    target,
    headers: { ...order.headers, ...order.rangeDigest?.ask },
    range,
    ifMatch: order.ifMatch,
    storedEncoding: order.expectHeaders?.["content-encoding"],
  });
  const report = answerReporter(attempt);
  const answer = await dispatcher.request({ origin: url.origin, path: target, method: "GET", headers: fields, signal });
  const head = headOf(answer);
  const verdict = expectDigest(
    lane.proofOf(sink),
    order.rangeDigest,
    head,
    expected,
    judgeResponse(head, expected, Date.now()),
  );
  report(answer.statusCode, verdict);
  if (verdict.kind === "body") return { body: answer.body, position: verdict.offset, end: expected.end };
  answer.body.on("error", () => {}).destroy();
  throw new ReadFailureError(verdict.failure);
}

function headOf(answer: Dispatcher.ResponseData): ResponseHead {
  const headers = Object.entries(answer.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return { status: answer.statusCode, minor: 1, headers: Object.fromEntries(headers), length: 0 };
}

function asFailure(error: unknown): unknown {
  if (error instanceof ReadFailureError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const kind: ReadFailure["kind"] = code?.startsWith("HPE_") === true ? "protocol" : "truncated";
  return new ReadFailureError({ kind, detail: `the answer broke off: ${message}` });
}
