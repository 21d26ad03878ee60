import { parseContentRange } from "../../../network/content-range.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { HttpUri } from "../../../uri/object-uri.ts";
import type { HttpAnswer } from "../../http/http-client.ts";
import { statusError } from "../../http/status-error.ts";
import type { ObjectInfo } from "../../storage.ts";
import { httpError } from "./errors.ts";
import { headerDigests } from "./header-digests.ts";
import type { HttpRequests } from "./http-requests.ts";
import { validatorOf } from "./validator.ts";

/** Answers to HEAD that say "not with this method": signed addresses and old servers know GET only. */
const headRefused: ReadonlySet<number> = new Set([400, 403, 405, 501]);

/**
 * Describes one object by HEAD, or by a GET of its first byte where HEAD is refused or tells no size.
 *
 * @throws StorageError `not_found`, also for a directory; `unsupported` when the server does not tell the size.
 */
export async function describeObject(
  requests: HttpRequests,
  uri: HttpUri,
  operation: string,
  signal: AbortSignal | undefined,
  now: () => number,
): Promise<ObjectInfo> {
  if (uri.encodedPath.endsWith("/") || uri.encodedPath === "") throw noObject(uri, operation);
  const head = await requests.head(operation, uri, { method: "HEAD" }, signal);
  if (head.status === 200) {
    refuseDirectory(uri, head, operation);
    const size = contentLength(head);
    if (size !== undefined) return objectInfo(uri, head, size);
  } else if (!headRefused.has(head.status)) {
    throw statusError(head, { operation, provider: "http", target: describeUri(uri) }, now());
  }
  const first = await requests.head(operation, uri, { method: "GET", headers: { range: "bytes=0-0" } }, signal);
  refuseDirectory(uri, first, operation);
  const size = sizeByRange(first);
  if (size !== undefined) return objectInfo(uri, first, size);
  if (first.status !== 200 && first.status !== 206) {
    throw statusError(first, { operation, provider: "http", target: describeUri(uri) }, now());
  }
  const hint = "Name it in a file list with its size (parameters.index), or use a server that sends Content-Length.";
  throw httpError("unsupported", operation, uri, "the server does not tell its size", hint);
}

function sizeByRange(answer: HttpAnswer): number | undefined {
  const range = parseContentRange(answer.headers["content-range"]);
  if (answer.status === 206) return range?.total;
  // An empty object has no first byte.
  if (answer.status === 416) return range?.total === 0 ? 0 : undefined;
  return answer.status === 200 ? contentLength(answer) : undefined;
}

function contentLength(answer: HttpAnswer): number | undefined {
  const text = answer.headers["content-length"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** A server that redirects `/dir` to `/dir/` answers with the directory's page. */
function refuseDirectory(uri: HttpUri, answer: HttpAnswer, operation: string): void {
  const { pathname, origin } = new URL(answer.url);
  const asked = new URL(`${uri.origin}/${uri.encodedPath}`);
  if (origin === asked.origin && pathname === `${asked.pathname}/`) throw noObject(uri, operation);
}

/** Marks the error of an address that turned out to be a directory's. */
export const directoryCode = "IsDirectory";

function noObject(uri: HttpUri, operation: string) {
  const hint = "Write a slash at its end to mean the directory, or name a file in it.";
  return httpError("not_found", operation, uri, "it is a directory, not a file", hint).with({
    serviceCode: directoryCode,
  });
}

function objectInfo(uri: HttpUri, answer: HttpAnswer, size: number): ObjectInfo {
  const { headers } = answer;
  const modified = Date.parse(headers["last-modified"] ?? "");
  const encoding = headers["content-encoding"];
  return {
    uri,
    key: uri.key,
    size,
    etag: validatorOf(headers),
    lastModified: Number.isNaN(modified) ? undefined : new Date(modified),
    contentType: headers["content-type"],
    contentEncoding: encoding === "identity" ? undefined : encoding,
    digests: headerDigests(headers, answer.status === 206),
    digestsFinal: true,
    directoryMarker: false,
  };
}
