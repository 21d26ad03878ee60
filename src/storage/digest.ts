/** A value that proves content. An etag is none: it is an opaque validator (see {@link Pin}). */
export type DigestAlgorithm = "crc32" | "crc32c" | "crc64nvme" | "md5" | "sha1" | "sha256" | "git-sha1";

/** Digest of the whole object. */
export interface FullDigest {
  readonly kind: "full";
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal, most significant byte first. */
  readonly value: string;
  /**
   * `stated`: the source says that this is a digest. `inferred`: it looks like one (a 32-digit etag) and may not be, for
   * example on an object encrypted with a customer's key; a mismatch then asks the source once more before it is an error.
   */
  readonly confidence: "stated" | "inferred";
}

/** Digest over the binary digests of the object's parts, as multipart uploads leave it (`md5-17` etags and the like). */
export interface CompositeDigest {
  readonly kind: "composite";
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal of the digest of the concatenated binary part digests. */
  readonly value: string;
  readonly confidence: "stated" | "inferred";
  readonly partCount: number;
  /** Size of every part but the last, in bytes; undefined when it has to be inferred from size and part count. */
  readonly partSize?: number | undefined;
  /** Part sizes that the source's uploaders use, likeliest first, for guessing where `partSize` is undefined. In bytes. */
  readonly likelyPartSizes?: readonly number[] | undefined;
  /** Exact parts in order where the source tells them, sizes in bytes, values in lower-case hexadecimal. */
  readonly parts?: readonly { readonly size: number; readonly value?: string | undefined }[] | undefined;
}

export type Digest = FullDigest | CompositeDigest;

/** Algorithms in which sources tell digests of ranges. */
export type RangeAlgorithm = "crc64nvme" | "md5";

/**
 * Digests of ranges, which a source computes when it is asked for them and tells with the bytes. They prove that what was
 * written is what the source has, not that the source has what was uploaded. How to ask
 * is said by `HttpReadSource.rangeDigestHeaders`.
 */
export interface RangeDigests {
  readonly algorithm: RangeAlgorithm;
  /** Bytes of a range at most; ranges begin at multiples of it. */
  readonly rangeSize: number;
}
