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
    rangeDigests: object.rangeDigests,
  };
}

/** Every digest of an object for people, one in a line. */
export function describeDigests({ digests, rangeDigests = [] }: ObjectInfo): readonly string[] {
  if (digests.length > 0) return digests.map(describeDigest);
  const [ranges] = rangeDigests;
  if (ranges === undefined) return ["none: not verified by source"];
  return [`none; the source tells ${ranges.algorithm} of ranges of ${ranges.rangeSize / 2 ** 20} MiB with the bytes`];
}

/** A digest for people: `sha256 9f86… (stated)`, `md5 of 17 parts … (inferred from the etag)`. */
function describeDigest(digest: Digest): string {
  const parts = digest.kind === "composite" ? ` of ${digest.partCount} parts` : "";
  const source = digest.confidence === "stated" ? "stated by the source" : "inferred from the etag";
  return `${digest.algorithm}${parts} ${digest.value} (${source})`;
}
