import type { Content } from "../content/content.ts";
import { bytesContent } from "../content/content.ts";
import { parseRange, type RequestHead } from "./request-head.ts";
import type { ServedObject } from "./served-object.ts";

/** Something that happens to the body when `at` bytes of it are on the wire; `at` -1 is before the head. */
export type Cut =
  | { readonly at: number; readonly kind: "reset" | "close" }
  | { readonly at: number; readonly kind: "stall"; readonly ms: number | undefined }
  | { readonly at: number; readonly kind: "pace"; readonly bytesPerSecond: number };

/** An answer before it is sent; fault actions change it. */
export interface Answer {
  protocol: "HTTP/1.1" | "HTTP/1.0";
  status: number;
  /** Names as they go on the wire. Content-Length is added for framing `length`. */
  headers: Map<string, string>;
  content: Content;
  /** Half-open slice of `content` that is the body. */
  start: number;
  end: number;
  /** The body's bytes are those of the object at the same offsets. */
  ofObject: boolean;
  framing: "length" | "chunked" | "close";
  /** With framing `chunked`: the closing chunk is sent. */
  closingChunk: boolean;
  extraBytes: number;
  informational: readonly number[];
  splitHead: { readonly bytes: number; readonly delayMs: number } | undefined;
  cuts: Cut[];
}

/** The answer of a server without faults, as RFC 9110 has it. */
export function plainAnswer(
  request: RequestHead,
  object: ServedObject | undefined,
  options: { readonly ignorePreconditions: boolean },
): Answer {
  if (request.method !== "GET" && request.method !== "HEAD") return errorAnswer(405, "MethodNotAllowed");
  if (object === undefined) return errorAnswer(404, "NoSuchKey");
  const { content, etag } = object;
  const ifMatch = request.headers["if-match"];
  if (!options.ignorePreconditions && ifMatch !== undefined && ifMatch !== "*" && !listed(ifMatch, etag)) {
    return errorAnswer(412, "PreconditionFailed");
  }
  const answer = bodyAnswer(200, content);
  answer.ofObject = true;
  answer.headers.set("Content-Type", object.contentType ?? "application/octet-stream");
  answer.headers.set("Accept-Ranges", "bytes");
  if (etag !== undefined) answer.headers.set("ETag", etag);
  for (const [name, value] of Object.entries(object.headers ?? {})) answer.headers.set(name, value);
  const ifRange = request.headers["if-range"];
  if (ifRange !== undefined && ifRange !== etag) return answer;
  const range = parseRange(request.headers["range"], content.size);
  if (range.kind === "unsatisfiable") return unsatisfiableAnswer(content.size);
  if (range.kind === "slice") sliceAnswer(answer, range.start, range.end);
  return answer;
}

/** Makes the answer a 206 with this slice of its content. */
export function sliceAnswer(answer: Answer, start: number, end: number): void {
  answer.status = 206;
  answer.start = start;
  answer.end = end;
  answer.headers.set("Content-Range", `bytes ${start}-${end - 1}/${answer.content.size}`);
}

export function unsatisfiableAnswer(size: number): Answer {
  const answer = errorAnswer(416, "InvalidRange");
  answer.headers.set("Content-Range", `bytes */${size}`);
  return answer;
}

/** An error with a body in the manner of S3. */
export function errorAnswer(status: number, code: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  const answer = bodyAnswer(status, bytesContent(body));
  answer.headers.set("Content-Type", "application/xml");
  return answer;
}

export function bodyAnswer(status: number, content: Content): Answer {
  return {
    protocol: "HTTP/1.1",
    status,
    headers: new Map(),
    content,
    start: 0,
    end: content.size,
    ofObject: false,
    framing: "length",
    closingChunk: true,
    extraBytes: 0,
    informational: [],
    splitHead: undefined,
    cuts: [],
  };
}

/** Sets a header whatever the case of its name, or removes it. */
export function setHeader(answer: Answer, name: string, value: string | undefined): void {
  for (const known of answer.headers.keys()) {
    if (known.toLowerCase() === name.toLowerCase()) answer.headers.delete(known);
  }
  if (value !== undefined) answer.headers.set(name, value);
}

function listed(ifMatch: string, etag: string | undefined): boolean {
  return ifMatch.split(",").some((value) => value.trim() === etag);
}
