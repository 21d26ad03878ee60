import { parseContentRange } from "../../network/content-range.ts";
import { parseRetryAfter } from "../../network/retry-after.ts";
import type { ReadFailure } from "./read-failure.ts";
import type { ResponseHead } from "./response-head.ts";

/** What was asked, and what every answer has to agree with. Offsets in bytes of the object. */
export interface ReadExpectation {
  /** First byte wanted. */
  readonly start: number;
  /** The byte after the last one wanted. */
  readonly end: number;
  /** Size of the object as pinned. */
  readonly size: number;
  /** A `Range` was sent. Without one the whole object is expected and bytes before `start` are skipped. */
  readonly ranged: boolean;
  /** The `ETag` that the answer must carry. */
  readonly etag?: string | undefined;
  /** Further fields that the answer must carry, names in lower case. */
  readonly expectHeaders?: Readonly<Record<string, string>> | undefined;
}

/** What an answer's head is good for. */
export type Verdict =
  | {
      readonly kind: "body";
      /** Offset in the object of the body's first byte; may lie before the first byte wanted. */
      readonly offset: number;
      /** Bytes of the body; undefined when only its end will tell. */
      readonly length: number | undefined;
      /** What holds for the rest of the object: its strong etag, else its modification time. */
      readonly validator: string | undefined;
    }
  | { readonly kind: "refused"; readonly failure: ReadFailure };

function refused(
  kind: ReadFailure["kind"],
  detail: string,
  head: ResponseHead,
  more: Partial<ReadFailure> = {},
): Verdict {
  return { kind: "refused", failure: { kind, detail, httpStatus: head.status, requestId: requestId(head), ...more } };
}

function requestId(head: ResponseHead): string | undefined {
  const id =
    head.headers["x-amz-request-id"] ??
    head.headers["x-ms-request-id"] ??
    head.headers["opc-request-id"] ??
    head.headers["x-guploader-uploadid"] ??
    head.headers["x-request-id"];
  return id?.slice(0, 200);
}

/** Bytes of the body by `Content-Length`; undefined when absent or chunked, `NaN` when it is no number. */
export function contentLength(head: ResponseHead): number | undefined {
  if (head.headers["transfer-encoding"] !== undefined) return undefined;
  const text = head.headers["content-length"];
  if (text === undefined) return undefined;
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** Whether the connection can be used again once the body is read to its end. */
export function keepsAlive(head: ResponseHead): boolean {
  const connection = (head.headers["connection"] ?? "").toLowerCase();
  if (/(^|[ ,])close([ ,]|$)/.test(connection)) return false;
  return head.minor === 1 || connection.includes("keep-alive");
}

function validatorOf(head: ResponseHead): string | undefined {
  const etag = head.headers["etag"];
  if (etag !== undefined && !etag.startsWith("W/")) return etag;
  const modified = head.headers["last-modified"];
  return modified === undefined ? undefined : `last-modified ${modified}`;
}

/** Decides by the head alone whether the body that follows may be written, and where. */
export function judgeResponse(head: ResponseHead, expected: ReadExpectation, now: number): Verdict {
  const { status, headers } = head;
  if (status >= 300 && status < 400 && status !== 304) return judgeRedirect(head);
  if (status === 412) return refused("changed", "the object is not the pinned version any more", head);
  if (status === 416) return judgeUnsatisfied(head, expected);
  if (status !== 200 && status !== 206) {
    const retryAfterMs = parseRetryAfter(headers["retry-after"], now) ?? rateLimitReset(headers["ratelimit"]);
    return refused("status", `the server answered ${status}`, head, { retryAfterMs });
  }
  const encoding = headers["content-encoding"];
  const identity = encoding === undefined || encoding === "" || encoding.toLowerCase() === "identity";
  if (!identity && expected.expectHeaders?.["content-encoding"] === undefined) {
    return refused(
      "protocol",
      `the answer is encoded as ${encoding.slice(0, 40)} although identity was asked for`,
      head,
    );
  }
  const changed = disagreement(head, expected);
  if (changed !== undefined) return changed;
  return status === 206 || headers["content-range"] !== undefined
    ? judgePartial(head, expected)
    : judgeWhole(head, expected);
}

function judgeRedirect(head: ResponseHead): Verdict {
  const location = head.headers["location"];
  if (location === undefined || location === "" || head.status === 300) {
    return refused("protocol", `the server answered ${head.status} without a usable Location`, head);
  }
  return refused("redirect", `the server redirects with ${head.status}`, head, { location });
}

function judgeUnsatisfied(head: ResponseHead, expected: ReadExpectation): Verdict {
  const range = parseContentRange(head.headers["content-range"]);
  if (range !== undefined && range.total !== undefined && range.total !== expected.size) {
    return refused("changed", `the object has ${range.total} bytes now, ${expected.size} were expected`, head);
  }
  return refused("protocol", "the server refuses a range that lies inside the object", head);
}

/** `RateLimit: "api";r=0;t=20` (draft-ietf-httpapi-ratelimit-headers): seconds until the window is new. */
function rateLimitReset(value: string | undefined): number | undefined {
  const match = /;\s*r=0\s*;\s*t=(\d{1,6})/.exec(value ?? "");
  return match?.[1] === undefined ? undefined : Number(match[1]) * 1000;
}

function disagreement(head: ResponseHead, expected: ReadExpectation): Verdict | undefined {
  if (expected.etag !== undefined && head.headers["etag"] !== expected.etag) {
    return head.headers["etag"] === undefined
      ? refused("protocol", "the answer carries no ETag although the read is pinned to one", head)
      : refused("changed", "the answer's ETag is not the pinned one", head);
  }
  for (const [name, value] of Object.entries(expected.expectHeaders ?? {})) {
    if (head.headers[name] !== value) return refused("changed", `the answer's ${name} is not the pinned one`, head);
  }
  return undefined;
}

function judgePartial(head: ResponseHead, expected: ReadExpectation): Verdict {
  const parsed = parseContentRange(head.headers["content-range"]);
  if (parsed?.range === undefined) {
    return refused("protocol", `the answer is ${head.status} without a usable Content-Range`, head);
  }
  const { range, total } = parsed;
  if (total !== expected.size) {
    return total === undefined
      ? refused("protocol", "the answer's Content-Range does not tell the object's size", head)
      : refused("changed", `the object has ${total} bytes now, ${expected.size} were expected`, head);
  }
  if (range.start > expected.start || range.end <= expected.start) {
    return refused(
      "protocol",
      `bytes from ${expected.start} were asked for, the answer has ${range.start} to ${range.end}`,
      head,
    );
  }
  const length = contentLength(head);
  if (length !== undefined && length !== range.end - range.start) {
    return refused("protocol", "the answer's Content-Length and Content-Range contradict each other", head);
  }
  return { kind: "body", offset: range.start, length, validator: validatorOf(head) };
}

function judgeWhole(head: ResponseHead, expected: ReadExpectation): Verdict {
  const length = contentLength(head);
  if (length !== undefined && length !== expected.size) {
    const html = /^text\/html/i.test(head.headers["content-type"] ?? "");
    return html || Number.isNaN(length)
      ? refused("protocol", `the answer is ${html ? "an HTML page" : "malformed"}, not the object`, head)
      : refused("changed", `the object has ${length} bytes now, ${expected.size} were expected`, head);
  }
  if (expected.ranged && (expected.start > 0 || expected.end < expected.size)) {
    return refused("ignored-range", "the server ignores ranges and sends the whole object", head);
  }
  return { kind: "body", offset: 0, length, validator: validatorOf(head) };
}
