import type { RangeDigestHeaders } from "../../storage/read-source.ts";
import type { ReadExpectation, Verdict } from "../http/judge-response.ts";
import type { ResponseHead } from "../http/response-head.ts";
import type { RangeProof } from "./range-proof.ts";

/** Notes the digest that an answer tells of its range. An answer without one, or of another range, is refused. */
export function expectDigest(
  proof: RangeProof | undefined,
  headers: RangeDigestHeaders | undefined,
  head: ResponseHead,
  expected: ReadExpectation,
  verdict: Verdict,
): Verdict {
  if (proof === undefined || headers === undefined) return verdict;
  const refuse = (kind: "protocol" | "undigested", detail: string): Verdict => {
    return { kind: "refused", failure: { kind, detail, httpStatus: head.status } };
  };
  if (verdict.kind !== "body") {
    const known = !headers.unknown.values.includes(head.headers[headers.unknown.header] ?? "");
    return known ? verdict : refuse("undigested", "the server does not know digests of ranges");
  }
  const { offset, length } = verdict;
  const whole = offset === expected.start && (length === undefined || offset + length === expected.end);
  if (!whole) return refuse("protocol", "the answer is not of the range whose digest was asked for");
  const value = decode(head.headers[headers.answer], headers.encoding);
  if (value === undefined) return refuse("undigested", `the server does not tell ${headers.answer} with a range`);
  proof.expect(offset, value);
  return verdict;
}

/** As lower-case hexadecimal, most significant byte first. */
function decode(text: string | undefined, encoding: RangeDigestHeaders["encoding"]): string | undefined {
  const bytes = Buffer.from(text ?? "", "base64");
  if (bytes.length === 0) return undefined;
  return (encoding === "base64" ? bytes : bytes.reverse()).toString("hex");
}
