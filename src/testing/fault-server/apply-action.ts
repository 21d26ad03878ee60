import { gzipSync } from "node:zlib";
import { bytesContent, type Content, withFlippedBit } from "../content/content.ts";
import { type Answer, bodyAnswer, errorAnswer, setHeader, sliceAnswer, unsatisfiableAnswer } from "./answer.ts";
import type { FaultAction } from "./fault-action.ts";
import type { RequestHead } from "./request-head.ts";

/** What an action may look at besides the answer. */
export interface ActionContext {
  readonly request: RequestHead;
  /** Body bytes that this connection carried before this answer. */
  readonly connectionBytes: number;
}

/** The answer after the action; `object`, `ignore-preconditions` and `outage` act elsewhere and change nothing here. */
export function applyAction(answer: Answer, action: FaultAction, context: ActionContext): Answer {
  switch (action.type) {
    case "reset": {
      const before = action.countedOn === "connection" ? context.connectionBytes : 0;
      answer.cuts.push({ at: cutAt(action.afterBytes, before), kind: "reset" });
      return answer;
    }
    case "close":
      answer.cuts.push({ at: cutAt(action.afterBytes), kind: "close" });
      return answer;
    case "stall":
      answer.cuts.push({ at: cutAt(action.afterBytes), kind: "stall", ms: action.ms });
      return answer;
    case "slow":
      answer.cuts.push({ at: action.afterBytes ?? 0, kind: "pace", bytesPerSecond: action.bytesPerSecond });
      return answer;
    case "status":
      return statusAnswer(action);
    case "redirect": {
      const redirect = errorAnswer(action.status ?? 302, "Redirect");
      if (action.location !== undefined) redirect.headers.set("Location", action.location);
      return redirect;
    }
    case "range-not-satisfiable":
      return unsatisfiableAnswer(answer.content.size);
    case "ignore-range":
      wholeAnswer(answer, answer.content);
      return answer;
    case "slice-as-200":
      answer.status = 200;
      return answer;
    case "serve-range": {
      const start = Math.max(0, action.start ?? answer.start + (action.startBy ?? 0));
      sliceAnswer(answer, start, Math.min(answer.content.size, answer.end + (action.endBy ?? 0)));
      return answer;
    }
    case "false-content-range": {
      const start = answer.start + (action.startBy ?? 0);
      const last = answer.end - 1 + (action.endBy ?? 0);
      setHeader(answer, "Content-Range", `bytes ${start}-${last}/${answer.content.size + (action.totalBy ?? 0)}`);
      return answer;
    }
    case "gzip":
      return gzipAnswer(answer, context.request);
    case "chunked":
      answer.framing = "chunked";
      cutBody(answer, action.cutAfter);
      answer.closingChunk = action.cutAfter === undefined || action.clean === true;
      return answer;
    case "close-delimited":
      answer.protocol = "HTTP/1.0";
      answer.framing = "close";
      cutBody(answer, action.cutAfter);
      return answer;
    case "flip-bit":
      answer.content = withFlippedBit(answer.content, action.offset);
      return answer;
    case "html-page": {
      const page = "<!DOCTYPE html><html><head><title>Error</title></head><body>Something went wrong.</body></html>";
      replaceBody(answer, bytesContent(action.padded === true ? page.padEnd(answer.end - answer.start) : page));
      setHeader(answer, "Content-Type", "text/html");
      return answer;
    }
    case "extra-bytes":
      answer.extraBytes += action.count;
      return answer;
    case "header":
      setHeader(answer, action.name, action.value);
      if (action.name.toLowerCase() === "content-length" && action.value === undefined) answer.framing = "close";
      return answer;
    case "informational":
      answer.informational = [...answer.informational, ...action.statuses];
      return answer;
    case "split-head":
      answer.splitHead = { bytes: action.bytes, delayMs: action.delayMs };
      return answer;
    case "object":
    case "ignore-preconditions":
    case "outage":
      return answer;
  }
}

function cutAt(afterBytes: number | undefined, before = 0): number {
  return afterBytes === undefined ? -1 : Math.max(0, afterBytes - before);
}

function cutBody(answer: Answer, cutAfter: number | undefined): void {
  if (cutAfter !== undefined) answer.end = Math.min(answer.end, answer.start + cutAfter);
}

function wholeAnswer(answer: Answer, content: Content): void {
  replaceBody(answer, content);
  answer.status = 200;
  setHeader(answer, "Content-Range", undefined);
  answer.ofObject = true;
}

function replaceBody(answer: Answer, content: Content): void {
  answer.content = content;
  answer.start = 0;
  answer.end = content.size;
  answer.ofObject = false;
}

function gzipAnswer(answer: Answer, request: RequestHead): Answer {
  if (request.headers["accept-encoding"]?.trim().toLowerCase() === "identity") return answer;
  const plain = new Uint8Array(answer.content.size);
  answer.content.read(0, plain);
  wholeAnswer(answer, bytesContent(gzipSync(plain, { level: 1 })));
  answer.ofObject = false;
  setHeader(answer, "Content-Encoding", "gzip");
  return answer;
}

function statusAnswer(action: Extract<FaultAction, { type: "status" }>): Answer {
  const answer =
    action.body === undefined
      ? errorAnswer(action.status, action.status === 503 ? "SlowDown" : `Status${action.status}`)
      : bodyAnswer(action.status, bytesContent(action.body));
  if (action.contentType !== undefined) setHeader(answer, "Content-Type", action.contentType);
  if (action.retryAfter !== undefined) {
    const { retryAfter, retryAfterAsDate } = action;
    const date = new Date(Date.now() + retryAfter * 1000).toUTCString();
    setHeader(answer, "Retry-After", retryAfterAsDate === true ? date : String(retryAfter));
  }
  for (const [name, value] of Object.entries(action.headers ?? {})) setHeader(answer, name, value);
  return answer;
}
