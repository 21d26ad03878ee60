import type { ObjectUri } from "../uri/object-uri.ts";
import type { Digest, RangeDigests } from "./digest.ts";
import type { ReadSource } from "./read-source.ts";

/** Name of a provider in logs, metrics and errors: `s3`, `gcs`, …, or a plug-in's own. */
export type ProviderName = string;

/** What an object is, as its source tells it. */
export interface ObjectInfo {
  readonly uri: ObjectUri;
  /**
   * Byte-exact object key; always `uri.key`, and in a listing always with the prefix's key at its beginning. For `hf://` and
   * `github://` the path in the repository or release, for `http://` the decoded path, for `local://` the path.
   */
  readonly key: string;
  /** Bytes, a whole number >= 0. */
  readonly size: number;
  /** Opaque validator as the source spells it, quotes included. Never a checksum. */
  readonly etag?: string | undefined;
  /** Generation, version id or commit that names exactly these bytes. */
  readonly version?: string | undefined;
  readonly lastModified?: Date | undefined;
  readonly contentType?: string | undefined;
  /** Content-Encoding the object was stored with, when it is not identity. */
  readonly contentEncoding?: string | undefined;
  /** Every digest offered, strongest evidence first; empty means "not verified by source", save for {@link rangeDigests}. */
  readonly digests: readonly Digest[];
  /** What the source can tell with the bytes instead, best first; used where `digests` has nothing. */
  readonly rangeDigests?: readonly RangeDigests[] | undefined;
  /** False when `stat` of this object can offer more digests or part sizes than this listing entry does. */
  readonly digestsFinal: boolean;
  /** Symbolic kind: a zero-byte object whose key ends in `/` is a directory marker, not a file. */
  readonly directoryMarker: boolean;
}

/** An entry of a delimited listing: everything below the prefix is hidden behind it. */
export interface CommonPrefix {
  readonly prefix: string;
}

export interface Capabilities {
  /** Ranges of an object can be read on their own. */
  readonly rangedReads: boolean;
  /** `locate` gives something the engine reads itself; otherwise the sequential fall-back `read` is used. */
  readonly locates: boolean;
  /** Listings are in lexicographic (UTF-8 byte) order of keys. */
  readonly orderedListing: boolean;
  /** Listings understand a delimiter natively or by emulation. */
  readonly delimiter: boolean;
  /** A read can be pinned to the version seen by `stat` (If-Match, generation, commit). */
  readonly pinnedReads: boolean;
  /** Algorithms the source can offer as digests. Empty: never verified by source. */
  readonly digests: readonly string[];
  readonly writes: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends CallOptions {
  /** Only keys after this one (exclusive), in the listing's order. Providers without native support filter. */
  readonly startAfter?: string | undefined;
  /** Stop after this many objects; a whole number > 0. */
  readonly maxResults?: number | undefined;
  /** Objects asked for per request, 1..1000; the provider's own default otherwise. Never a limit of the result. */
  readonly pageSize?: number | undefined;
  /** Group keys that continue past the next delimiter into `onPrefix` calls instead of yielding them. */
  readonly delimiter?: string | undefined;
  /** Receives the groups of a delimited listing. */
  readonly onPrefix?: ((prefix: CommonPrefix) => void) | undefined;
}

export interface LocateOptions extends CallOptions {
  /** The read must fail rather than return bytes of another version. */
  readonly pin?: Pin | undefined;
  /**
   * What `locate` gave for this object before, and the service refused with 401 or 403 although it had not expired: the
   * credentials behind it are renewed, once for all reads that were refused, before the next one is made. Providers without
   * credentials that can be renewed take no notice.
   */
  readonly refused?: ReadSource | undefined;
}

/** What identifies one version of an object: every range is read against it. */
export interface Pin {
  readonly size: number;
  readonly etag?: string | undefined;
  readonly version?: string | undefined;
}

/** The port that a provider implements: it lists, describes and locates; it does not move object bytes. */
export interface Storage {
  readonly provider: ProviderName;
  readonly capabilities: Capabilities;
  /**
   * Streams every object below `prefix`, page by page, and never truncates silently. A prefix is plain text as object
   * stores have it; directory semantics are the caller's. Throws `not_found` for a bucket that does not exist; a prefix
   * without objects yields nothing.
   */
  list(prefix: ObjectUri, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** Describes one object with every digest that the source can tell. Throws `not_found`. */
  stat(uri: ObjectUri, options?: CallOptions): Promise<ObjectInfo>;
  /** Where its bytes can be read; does not check that the object exists. */
  locate(uri: ObjectUri, options?: LocateOptions): Promise<ReadSource>;
  /** Releases sockets and timers. The client is unusable afterwards. */
  close(): Promise<void>;
}

/** A storage that cannot `locate` (its `capabilities.locates` is false) reads by itself; the engine then falls back to it. */
export interface SequentialStorage extends Storage {
  /** Streams the object's bytes from `offset` on (0 when absent). */
  read(uri: ObjectUri, options?: LocateOptions & { readonly offset?: number | undefined }): AsyncIterable<Uint8Array>;
}

export type PutBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions extends CallOptions {
  readonly contentType?: string | undefined;
  /** Total size in bytes; required by some providers when the body is a stream. */
  readonly size?: number | undefined;
  /** Only create: `precondition_failed` when the object exists. */
  readonly ifNoneMatch?: boolean | undefined;
  /** Upload in parts of this many bytes when the body is larger; the provider's default otherwise. */
  readonly partSize?: number | undefined;
}

/** Providers that can also write. A second port, never optional methods of the first. */
export interface WritableStorage extends Storage {
  put(uri: ObjectUri, body: PutBody, options?: PutOptions): Promise<ObjectInfo>;
  /** Deleting what does not exist succeeds. */
  delete(uri: ObjectUri, options?: CallOptions): Promise<void>;
  /** Server-side copy within one provider. */
  copy(from: ObjectUri, to: ObjectUri, options?: CallOptions): Promise<ObjectInfo>;
}
