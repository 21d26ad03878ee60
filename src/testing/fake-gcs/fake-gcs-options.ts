import type { WebAnswer } from "../loopback/web-answer.ts";

/** An access token and what its owner may do. */
export interface FakeGcsToken {
  readonly token: string;
  readonly email: string;
  /** Permissions on every bucket, such as `storage.objects.list`. Default: all. */
  readonly permissions?: readonly string[] | undefined;
  /** Projects that the owner may charge (`serviceusage.services.use`). Default: none. */
  readonly projects?: readonly string[] | undefined;
  /** Epoch milliseconds of the fake's clock. Default: never. */
  readonly expiresAt?: number | undefined;
}

export interface FakeGcsBucketOptions {
  readonly name: string;
  /** Everybody may list and read without a token. */
  readonly publicRead?: boolean | undefined;
  /** Requests need a `userProject`. */
  readonly requesterPays?: boolean | undefined;
}

/** A request as far as it is understood before it is carried out. */
export interface FakeGcsRequest {
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  readonly bucket: string;
  /** Decoded; empty where the request names no object. */
  readonly object: string;
  readonly parameters: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** A read of an object's bytes. */
  readonly media: boolean;
}

export interface FakeGcsOptions {
  readonly buckets?: readonly (string | FakeGcsBucketOptions)[] | undefined;
  readonly tokens?: readonly FakeGcsToken[] | undefined;
  /** Epoch milliseconds; the system's time when absent. */
  readonly clock?: (() => number) | undefined;
  /** Called once a request is authorized: an answer instead of the service's, a cut connection, or nothing to go on. */
  readonly intercept?: ((request: FakeGcsRequest) => Interception | Promise<Interception>) | undefined;
  /** Bytes that one rewrite request copies. Default: all. */
  readonly rewriteSize?: number | undefined;
  /** Entries of a listing page at most. Default 1000, as the service has it. */
  readonly maxPageSize?: number | undefined;
}

type Interception = WebAnswer | "disconnect" | undefined;

/** How an object is put into the store without a request. */
export interface FakeGcsSeedOptions {
  readonly contentType?: string | undefined;
  /** The content is encoded like this already: `gzip`. */
  readonly contentEncoding?: string | undefined;
  /** As if composed of other objects: without MD5. */
  readonly composite?: boolean | undefined;
}
