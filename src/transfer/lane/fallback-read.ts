import { request } from "undici";
import { createDispatcher } from "../../network/dispatcher.ts";
import { judgeResponse } from "../http/judge-response.ts";
import { ReadFailureError } from "../http/read-failure.ts";
import { requestFields } from "../http/request-head.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { expectationOf, type HttpOrder } from "./http-read.ts";
import type { LaneContext } from "./lane-context.ts";
import type { Route } from "./lane-messages.ts";
import type { PartSink } from "./part-sink.ts";

export async function fallbackRead(
  _lane: LaneContext,
  _run: number,
  _order: HttpOrder,
  _route: Route,
  _sink: PartSink,
  _signal: AbortSignal,
): Promise<void> {
  void [request, createDispatcher, judgeResponse, requestFields, expectationOf];
  const head: ResponseHead | undefined = undefined;
  void head;
  throw new ReadFailureError({ kind: "protocol", detail: "chunked" });
}
