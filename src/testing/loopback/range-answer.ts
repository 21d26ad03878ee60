import type { Content } from "../content/content.ts";
import { parseByteRange } from "../fake-s3/byte-range.ts";
import type { WebAnswer } from "./web-answer.ts";

/** The content, or the one range of it that the request's `Range` asks for. */
export function rangeAnswer(
  content: Content,
  range: string | undefined,
  headers: Readonly<Record<string, string>>,
): WebAnswer {
  const asked = parseByteRange(range, content.size);
  const shared = { "content-type": "application/octet-stream", "accept-ranges": "bytes", ...headers };
  if (asked === "unsatisfiable") {
    return { status: 416, headers: { ...shared, "content-range": `bytes */${content.size}` } };
  }
  if (asked === undefined) return { status: 200, headers: shared, body: content };
  const { start, end } = asked;
  return {
    status: 206,
    headers: { ...shared, "content-range": `bytes ${start}-${end - 1}/${content.size}` },
    body: { size: end - start, read: (offset, target) => content.read(start + offset, target) },
  };
}
