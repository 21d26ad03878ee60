import type { GcsUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import type { ListOptions, ObjectInfo } from "../../storage.ts";
import { gcsError } from "./errors.ts";
import { describeObject, objectFields } from "./object-resource.ts";
import { type GcsSession, objectPath } from "./session.ts";

const maxPageSize = 1000;

/**
 * Streams a listing page by page. `startOffset` includes the key it names, which is dropped here; where it lies inside a group of a
 * delimited listing the groups are formed here, because the service would name the group for that one key.
 */
export async function* listObjects(
  session: GcsSession,
  prefix: GcsUri,
  options: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const { startAfter, delimiter } = options;
  if (startAfter !== undefined && delimiter !== undefined) {
    const { signal, pageSize } = options;
    yield* applyListOptions(listPages(session, prefix, { signal, pageSize, startAfter }), prefix, options);
    return;
  }
  yield* listPages(session, prefix, options);
}

async function* listPages(session: GcsSession, prefix: GcsUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
  const { maxResults = Number.POSITIVE_INFINITY, pageSize = maxPageSize, startAfter, delimiter, signal } = options;
  const root = { ...prefix, key: "" };
  let left = maxResults;
  let pageToken: string | undefined;
  do {
    const wanted = Math.min(pageSize, maxPageSize, left + (startAfter === undefined ? 0 : 1));
    const page = await session.json({
      action: "list",
      uri: prefix,
      signal,
      path: objectPath(root),
      query: {
        prefix: prefix.key === "" ? undefined : prefix.key,
        maxResults: String(wanted),
        startOffset: startAfter,
        delimiter,
        pageToken,
        fields: `nextPageToken,prefixes,items(${objectFields})`,
      },
    });
    for (const group of arrayOf(page["prefixes"])) options.onPrefix?.({ prefix: String(group) });
    for (const item of arrayOf(page["items"])) {
      const info = describeObject("list", prefix, item);
      if (info.key === startAfter) continue;
      session.encodings.note(prefix.bucket, info);
      yield info;
      left -= 1;
      if (left <= 0) return;
    }
    pageToken = nextToken(page["nextPageToken"], prefix, pageToken);
  } while (pageToken !== undefined);
}

function nextToken(value: unknown, prefix: GcsUri, token: string | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string" && value !== token) return value;
  const detail = "the listing's next page is the same one again";
  throw gcsError("protocol", { operation: "list", uri: prefix }, detail, "Check the endpoint.").with({
    retry: "permanent",
  });
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
