import type { models } from "oci-objectstorage";
import type { OciUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import type { ListOptions, ObjectInfo } from "../../storage.ts";
import { digestsOf } from "./digests.ts";
import { ociError } from "./errors.ts";
import { queryValue } from "./sdk-request.ts";
import type { OciSession } from "./session.ts";

const fields = "name,size,etag,md5,timeModified,archivalState";
const maxPageSize = 1000;

/**
 * Streams a listing page by page, to where the service names no next page. The service groups by `/` only; other delimiters
 * are applied here.
 */
export async function* listObjects(
  session: OciSession,
  prefix: OciUri,
  options: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const { delimiter, ...rest } = options;
  if (delimiter === undefined || delimiter === "/") yield* listPages(session, prefix, options);
  else yield* applyListOptions(listPages(session, prefix, { ...rest, maxResults: undefined }), prefix, options);
}

async function* listPages(session: OciSession, prefix: OciUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const { maxResults = Number.POSITIVE_INFINITY, delimiter, startAfter, signal } = options;
  const call = { action: "list", uri: prefix, signal } as const;
  let left = maxResults;
  let start: string | undefined;
  let group: string | undefined;
  do {
    const limit = Math.min(options.pageSize ?? maxPageSize, Math.max(1, left));
    const from =
      start !== undefined
        ? { start: queryValue(start) }
        : startAfter !== undefined && startAfter !== ""
          ? { startAfter: queryValue(startAfter) }
          : {};
    const { listObjects: page } = await session.run(call, (sdk, place) =>
      sdk.listObjects({
        ...place,
        ...(prefix.key === "" ? {} : { prefix: queryValue(prefix.key) }),
        ...(delimiter === undefined ? {} : { delimiter }),
        ...from,
        limit,
        fields,
      }),
    );
    for (const found of page.prefixes ?? []) {
      // A group that goes on over the end of a page may be told twice.
      if (found !== group) options.onPrefix?.({ prefix: found });
      group = found;
    }
    for (const entry of page.objects ?? []) {
      session.noteArchival({ ...prefix, key: entry.name }, entry.archivalState);
      yield describeEntry(prefix, entry);
      left -= 1;
      if (left <= 0) return;
    }
    start = nextStart(page.nextStartWith, prefix, start);
  } while (start !== undefined);
}

function nextStart(next: string | undefined, prefix: OciUri, start: string | undefined): string | undefined {
  if (next === undefined || next === "" || next === null) return undefined;
  if (next !== start) return next;
  const detail = "the listing does not get on";
  throw ociError("protocol", { operation: "list", uri: prefix }, detail, "Check the endpoint.").with({
    retry: "permanent",
  });
}

function describeEntry(prefix: OciUri, entry: models.ObjectSummary): ObjectInfo {
  const { name: key, size = 0, md5, etag, timeModified } = entry;
  const modified = timeModified === undefined ? Number.NaN : new Date(timeModified).getTime();
  return {
    uri: { ...prefix, key },
    key,
    size,
    etag,
    lastModified: Number.isNaN(modified) ? undefined : new Date(modified),
    digests: digestsOf({ size, md5 }),
    // HEAD has the checksums besides MD5, and user metadata.
    digestsFinal: false,
    directoryMarker: size === 0 && key.endsWith("/"),
  };
}
