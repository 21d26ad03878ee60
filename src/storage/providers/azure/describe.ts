import type { AzureUri } from "../../../uri/object-uri.ts";
import type { RangeDigests } from "../../digest.ts";
import type { ObjectInfo } from "../../storage.ts";
import { digestsOf } from "./digests.ts";

/** What listings and descriptions tell of a blob. */
export interface BlobProperties {
  readonly contentLength?: number | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentMD5?: Uint8Array | undefined;
}

/**
 * One object as we describe it, with what its reads can be proven by where it has no digest; `metadata` tells directories of
 * accounts with a hierarchical namespace.
 */
export function describeBlob(
  uri: AzureUri,
  properties: BlobProperties,
  metadata: Readonly<Record<string, string>> | undefined,
  rangeDigests: readonly RangeDigests[],
): ObjectInfo {
  const { contentLength: size = 0, contentType, contentEncoding, lastModified } = properties;
  const folder = Object.entries(metadata ?? {}).some(
    ([name, value]) => name.toLowerCase() === "hdi_isfolder" && value === "true",
  );
  const encoded = contentEncoding !== undefined && contentEncoding !== "" && contentEncoding !== "identity";
  const digests = digestsOf(properties.contentMD5);
  return {
    uri,
    key: uri.key,
    size,
    etag: quoted(properties.etag),
    lastModified,
    contentType,
    contentEncoding: encoded ? contentEncoding : undefined,
    digests,
    ...(digests.length > 0 || rangeDigests.length === 0 || size === 0 ? {} : { rangeDigests }),
    digestsFinal: true,
    directoryMarker: size === 0 && (folder || uri.key.endsWith("/")),
  };
}

/** Listings leave the quotes out; in the header, which reads are pinned by, they have to be. */
function quoted(etag: string | undefined): string | undefined {
  if (etag === undefined || etag === "") return undefined;
  return etag.includes('"') ? etag : `"${etag}"`;
}
