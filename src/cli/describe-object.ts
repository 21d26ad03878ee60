import type { Digest } from "../storage/digest.ts";
import type { ObjectInfo } from "../storage/storage.ts";
import { describeUri } from "../uri/describe-uri.ts";

/** An object as `--format json` shows it: exact, and without secrets. */
export function describeObject(object: ObjectInfo): Readonly<Record<string, unknown>> {
  return {
    uri: describeUri(object.uri),
    key: object.key,
    size: object.size,
    etag: object.etag,
    version: object.version,
    lastModified: object.lastModified?.toISOString(),
    contentType: object.contentType,
    contentEncoding: object.contentEncoding,
    digests: object.digests,
  };
}

/** A digest for people: `sha256 9f86… (stated)`, `md5 of 17 parts … (inferred from the etag)`. */
export function describeDigest(digest: Digest): string {
  const parts = digest.kind === "composite" ? ` of ${digest.partCount} parts` : "";
  const source = digest.confidence === "stated" ? "stated by the source" : "inferred from the etag";
  return `${digest.algorithm}${parts} ${digest.value} (${source})`;
}
