import { type _Object, ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { S3Uri } from "../../../uri/object-uri.ts";
import type { ListOptions, ObjectInfo } from "../../storage.ts";
import { digestsOf, parseEtag } from "./digests.ts";
import { s3Error } from "./errors.ts";
import type { S3Session } from "./session.ts";

/**
 * Streams a listing page by page. Keys are asked for percent-encoded, because XML cannot carry all of them. Ends only where
 * the service says that there is no more: a token that is echoed on the last page means nothing, one that does not advance,
 * or is missing, is an error.
 */
export async function* listObjects(
  session: S3Session,
  prefix: S3Uri,
  options: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const { maxResults = Number.POSITIVE_INFINITY, signal } = options;
  const call = { action: "list", uri: prefix, signal } as const;
  let left = maxResults;
  let token: string | undefined;
  do {
    const page = await session.run(call, (sdk, sendOptions) =>
      sdk.send(listCommand(session, prefix, options, token, left), sendOptions),
    );
    const decode = keyDecoder(page, prefix);
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      if (Prefix !== undefined) options.onPrefix?.({ prefix: decode(Prefix) });
    }
    for (const entry of page.Contents ?? []) {
      yield describeEntry(prefix, decode(entry.Key ?? ""), entry);
      left -= 1;
      if (left <= 0) return;
    }
    token = nextToken(page, prefix, token);
  } while (token !== undefined);
}

function listCommand(
  session: S3Session,
  prefix: S3Uri,
  options: ListOptions,
  token: string | undefined,
  left: number,
): ListObjectsV2Command {
  const pageSize = Math.min(options.pageSize ?? 1000, Math.max(1, left));
  return new ListObjectsV2Command({
    Bucket: prefix.bucket,
    Prefix: prefix.key,
    EncodingType: "url",
    ...(pageSize < 1000 ? { MaxKeys: pageSize } : {}),
    ...(options.delimiter === undefined ? {} : { Delimiter: options.delimiter }),
    ...(options.startAfter === undefined || token !== undefined ? {} : { StartAfter: options.startAfter }),
    ...(token === undefined ? {} : { ContinuationToken: token }),
    ...(session.settings.requesterPays ? { RequestPayer: "requester" } : {}),
  });
}

function nextToken(page: ListObjectsV2CommandOutput, prefix: S3Uri, token: string | undefined): string | undefined {
  if (page.IsTruncated !== true) return undefined;
  const next = page.NextContinuationToken;
  if (next !== undefined && next !== "" && next !== token) return next;
  const context = { operation: "list", uri: prefix } as const;
  throw s3Error(
    "protocol",
    context,
    "the listing is cut off and names no next page",
    "Check the endpoint: its listing (ListObjectsV2) is not usable.",
  ).with({ retry: "permanent" });
}

/** Blanks come as `+` or as `%20`; a plus sign always comes as `%2B`. A server that does not encode says so by silence. */
function keyDecoder(page: ListObjectsV2CommandOutput, prefix: S3Uri): (key: string) => string {
  if (page.EncodingType !== "url") return (key) => key;
  return (key) => {
    try {
      return decodeURIComponent(key.replaceAll("+", " "));
    } catch {
      const context = { operation: "list", uri: prefix } as const;
      throw s3Error(
        "protocol",
        context,
        "a key in the listing is not valid UTF-8 or not encoded as announced",
        "Rename that object: its name cannot be expressed.",
      ).with({ retry: "permanent" });
    }
  };
}

function describeEntry(prefix: S3Uri, key: string, entry: _Object): ObjectInfo {
  const size = entry.Size ?? 0;
  const etag = quoted(entry.ETag);
  const digests = digestsOf({ size, etag });
  return {
    uri: { ...prefix, key },
    key,
    size,
    etag,
    lastModified: entry.LastModified,
    digests,
    // HEAD has the checksums, and can tell the part size of a multipart upload.
    digestsFinal: (entry.ChecksumAlgorithm ?? []).length === 0 && parseEtag(etag).partCount === undefined,
    directoryMarker: size === 0 && key.endsWith("/"),
  };
}

/** Some servers leave the quotes out in documents; in the header, which reads are pinned by, they have to be. */
export function quoted(etag: string | undefined): string | undefined {
  if (etag === undefined || etag === "") return undefined;
  return /^(?:W\/)?"/.test(etag) ? etag : `"${etag}"`;
}
