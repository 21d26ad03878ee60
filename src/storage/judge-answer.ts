import type { ErrorCode } from "../errors.ts";
import { parseContentRange } from "../network/content-range.ts";

/** What was asked of an HTTP source; offsets in bytes of the object, the range half-open and not empty. */
export interface RangeExpectation {
  readonly start: number;
  readonly end: number;
  /** Undefined when the object's size is not known beforehand. */
  readonly size: number | undefined;
  readonly ifMatch?: string | undefined;
  readonly expectHeaders?: Readonly<Record<string, string>> | undefined;
}

/** Whether the body that follows a head of status 200 or 206 may be used, and how many of its first bytes lie before `start`. */
export type AnswerVerdict =
  | { readonly ok: true; readonly skip: number }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string };

/**
 * Judges by the head alone. A 206 may start before the first byte wanted, which is legal; a 200 is the whole object
 * unless it carries a Content-Range; an answer that is encoded, of another version or of another size is refused.
 */
export function judgeAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  expected: RangeExpectation,
): AnswerVerdict {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity" && expected.expectHeaders?.["content-encoding"] === undefined) {
    return refuse("protocol", `the answer is encoded as ${encoding.slice(0, 40)} although identity was asked for`);
  }
  const other = otherVersion(headers, expected);
  if (other !== undefined) return other;
  return status === 206 || headers["content-range"] !== undefined
    ? judgePartial(headers, expected)
    : judgeWhole(headers, expected);
}

function otherVersion(
  headers: Readonly<Record<string, string>>,
  expected: RangeExpectation,
): AnswerVerdict | undefined {
  const wanted = Object.entries(expected.expectHeaders ?? {});
  if (expected.ifMatch !== undefined) wanted.push(["etag", expected.ifMatch]);
  for (const [name, value] of wanted) {
    const found = headers[name];
    if (found === value) continue;
    return found === undefined
      ? refuse("protocol", `the answer carries no ${name} although the read is pinned to one`)
      : refuse("precondition_failed", `the answer's ${name} is not the pinned one`);
  }
  return undefined;
}

function judgePartial(headers: Readonly<Record<string, string>>, expected: RangeExpectation): AnswerVerdict {
  const { start, end, size } = expected;
  const parsed = parseContentRange(headers["content-range"]);
  if (parsed?.range === undefined) return refuse("protocol", "the answer is partial without a usable Content-Range");
  if (size !== undefined && parsed.total !== undefined && parsed.total !== size) return changedSize(parsed.total, size);
  if (parsed.range.start > start || parsed.range.end < Math.min(end, parsed.total ?? end)) {
    const got = `${parsed.range.start} to ${parsed.range.end}`;
    return refuse("protocol", `bytes ${start} to ${end} were asked for and ${got} answered`);
  }
  return { ok: true, skip: start - parsed.range.start };
}

function judgeWhole(headers: Readonly<Record<string, string>>, expected: RangeExpectation): AnswerVerdict {
  const { start, size } = expected;
  const text = headers["content-length"];
  const length = text === undefined ? undefined : Number(text);
  if (size !== undefined && length !== undefined && length !== size) {
    if (/^text\/html/i.test(headers["content-type"] ?? "")) {
      return refuse("protocol", "the answer is an HTML page of another size, not the object");
    }
    return changedSize(length, size);
  }
  return { ok: true, skip: start };
}

function changedSize(found: number, size: number): AnswerVerdict {
  return refuse("precondition_failed", `it has ${found} bytes now, ${size} were expected`);
}

function refuse(code: ErrorCode, detail: string): AnswerVerdict {
  return { ok: false, code, detail };
}
