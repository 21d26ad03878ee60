/** Headers of a conditional request, and what they are held against. */
export interface ConditionalRequest {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

export interface Validators {
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly lastModified: number;
}

/** Name of the condition that failed, `not-modified`, or undefined when the request may go on (RFC 9110, 13.2.2). */
export function checkConditions(
  request: ConditionalRequest,
  current: Validators,
): { readonly failed: string } | "not-modified" | undefined {
  const seconds = Math.floor(current.lastModified / 1000) * 1000;
  if (request.ifMatch !== undefined) {
    if (!listsEtag(request.ifMatch, current.etag)) return { failed: "If-Match" };
  } else if (request.ifUnmodifiedSince !== undefined) {
    const limit = Date.parse(request.ifUnmodifiedSince);
    if (!Number.isNaN(limit) && seconds > limit) return { failed: "If-Unmodified-Since" };
  }
  if (request.ifNoneMatch !== undefined) {
    if (listsEtag(request.ifNoneMatch, current.etag)) return "not-modified";
  } else if (request.ifModifiedSince !== undefined) {
    const limit = Date.parse(request.ifModifiedSince);
    if (!Number.isNaN(limit) && seconds <= limit) return "not-modified";
  }
  return undefined;
}

/** S3 takes etags with and without their quotes. */
export function listsEtag(header: string, etag: string): boolean {
  const bare = (value: string): string => value.trim().replace(/^"(.*)"$/, "$1");
  return header.trim() === "*" || header.split(",").some((candidate) => bare(candidate) === bare(etag));
}
