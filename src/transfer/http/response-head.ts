/** Status line and header fields of one HTTP/1.x answer. */
export interface ResponseHead {
  readonly status: number;
  /** Minor version: 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: 0 | 1;
  /** Lower-case name to value; repeated fields are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the head, the empty line included: the body starts here. */
  readonly length: number;
}

/** What the parser makes of the bytes so far. */
export type ParsedHead =
  | { readonly kind: "head"; readonly head: ResponseHead }
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed"; readonly detail: string };

/** Bytes that a head may have at most; curl refuses at 300 KiB, nginx as a client at 4-8 KiB per buffer. */
const maxHeadBytes = 64 * 1024;

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that must not be told twice with different values: doing so is how answers get smuggled. */
const singular: ReadonlySet<string> = new Set([
  "content-length",
  "content-range",
  "transfer-encoding",
  "location",
  "etag",
]);

function malformed(detail: string): ParsedHead {
  return { kind: "malformed", detail };
}

/** Index after the empty line that ends the head, or -1. Lines end in CRLF only (RFC 9112 section 2.2, the strict reading). */
function findEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 3; at < end; at += 1) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}

/**
 * Reads the head of an HTTP/1.x answer from `bytes[start, end)`, strictly as RFC 9112 has it: no obsolete line folding,
 * no space before the colon, no bare LF, no control characters, no contradicting repetition.
 */
export function parseResponseHead(bytes: Uint8Array, start: number, end: number): ParsedHead {
  const bodyStart = findEnd(bytes, start, Math.min(end, start + maxHeadBytes));
  if (bodyStart < 0) {
    if (end - start >= maxHeadBytes) return malformed(`the head is longer than ${maxHeadBytes} bytes`);
    return startsLikeHttp(bytes, start, end) ? { kind: "incomplete" } : malformed("the answer is not HTTP/1.x");
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, bodyStart - start - 4).toString("latin1");
  const lines = text.split("\r\n");
  const status = statusLine.exec(lines[0] ?? "");
  if (status === null) return malformed("the status line is not HTTP/1.x");
  const headers: Record<string, string> = Object.create(null);
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (!fieldName.test(name) || !fieldValue.test(value)) return malformed("a header line is not `name: value`");
    const earlier = headers[name];
    if (earlier !== undefined && singular.has(name) && earlier !== value)
      return malformed(`two different ${name} fields`);
    headers[name] = earlier === undefined || singular.has(name) ? value : `${earlier}, ${value}`;
  }
  return {
    kind: "head",
    head: { status: Number(status[2]), minor: status[1] === "1" ? 1 : 0, headers, length: bodyStart - start },
  };
}

function startsLikeHttp(bytes: Uint8Array, start: number, end: number): boolean {
  const expected = "HTTP/1.";
  for (let index = 0; index < expected.length && start + index < end; index += 1) {
    if (bytes[start + index] !== expected.charCodeAt(index)) return false;
  }
  return true;
}
