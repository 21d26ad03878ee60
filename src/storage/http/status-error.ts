import { type ErrorCode, StorageError } from "../../errors.ts";
import { parseRetryAfter } from "../../network/retry-after.ts";
import type { HttpAnswer, HttpContext } from "./http-client.ts";

const meanings: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  401: [
    "unauthenticated",
    "Give valid credentials (parameters.auth and its settings), or check that they have not expired.",
  ],
  403: ["permission_denied", "Check that these credentials may read it; a signed address may also have expired."],
  404: ["not_found", "Check the address."],
  407: ["unauthenticated", "The proxy wants credentials: put them into the proxy's URL."],
  408: ["timeout", "Run it again."],
  410: ["not_found", "It was removed; ask its owner for the new address."],
  412: ["precondition_failed", "It changed since it was described: describe it again and start over."],
  416: ["range_not_satisfiable", "Describe it again: it is shorter than expected."],
  429: ["rate_limited", "Wait before asking again, or ask with fewer connections."],
  451: ["permission_denied", "The server withholds it for legal reasons; choose another source."],
  501: ["unsupported", "The server cannot do this; choose another source."],
};

/** What an HTTP status other than success means. */
export function statusError(
  answer: Pick<HttpAnswer, "status" | "headers">,
  context: HttpContext,
  now: number,
): StorageError {
  const { status, headers } = answer;
  const known = meanings[status];
  const [code, hint] = known ?? generalMeaning(status);
  return new StorageError({
    code,
    retry: code === "protocol" ? "permanent" : undefined,
    operation: context.operation,
    provider: context.provider,
    target: context.target,
    httpStatus: status,
    requestId: (headers["x-request-id"] ?? headers["x-amz-request-id"])?.slice(0, 200),
    retryAfterMs: parseRetryAfter(headers["retry-after"], now),
    detail: `the server answered ${status}`,
    hint,
  });
}

function generalMeaning(status: number): readonly [ErrorCode, string] {
  return status >= 500
    ? ["unavailable", "The server has a problem: run it again later."]
    : ["protocol", "Check the address with a browser or curl."];
}
