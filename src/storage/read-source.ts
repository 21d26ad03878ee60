import type { NetworkProfile } from "../network/network-profile.ts";
import type { RangeAlgorithm } from "./digest.ts";

/** Where bytes can be read from, good for every range of the object until it expires. Structured-cloneable. */
export type ReadSource = HttpReadSource | FileReadSource | BytesReadSource;

export interface HttpReadSource {
  readonly kind: "http";
  /** Absolute URL text, exactly as it goes on the wire. */
  readonly url: string;
  /** Sent with every request, names in lower case. May hold secrets: never logged. */
  readonly headers: Readonly<Record<string, string>>;
  /** Epoch milliseconds after which it has to be located again; `Infinity` when it does not expire. */
  readonly expiresAt: number;
  /** The URL itself carries a signature, so that its query must never be shown. */
  readonly secretUrl: boolean;
  /** Drop the headers above when a redirect leaves the origin. False only for headers that are no credentials. */
  readonly dropHeadersOnRedirect: boolean;
  /**
   * Strong validator that the data endpoint itself knows. Sent as `If-Match`, and every answer's `ETag` must equal it.
   * Undefined where the data endpoint's validator is not known beforehand: the first answer's then holds for the rest.
   */
  readonly ifMatch?: string | undefined;
  /**
   * Further response headers (lower-case name to exact value) that every answer must carry, such as `x-goog-generation`. With a
   * `content-encoding` among them the object's bytes are wanted as they are stored: it is sent as `Accept-Encoding` too, and
   * nothing is decoded. Without one every encoded answer is refused.
   */
  readonly expectHeaders?: Readonly<Record<string, string>> | undefined;
  /** How the digests of ranges that the object's description offers are asked for. Ranges that do not need them do not ask. */
  readonly rangeDigestHeaders?: Readonly<Partial<Record<RangeAlgorithm, RangeDigestHeaders>>> | undefined;
  readonly network: NetworkProfile;
}

/** How one answer tells the digest of its range. */
export interface RangeDigestHeaders {
  /** Sent with the request, names in lower case. */
  readonly ask: Readonly<Record<string, string>>;
  /** The answer's header, in lower case. */
  readonly answer: string;
  /** Of the digest's bytes, most significant byte first or last. */
  readonly encoding: "base64" | "base64-little-endian";
  /** What a server answers that does not know the question, which is then not asked again: a header's name and its values. */
  readonly unknown: { readonly header: string; readonly values: readonly string[] };
}

export interface FileReadSource {
  readonly kind: "file";
  /** Absolute path. */
  readonly path: string;
  /** The path leads through no symbolic link: a file that is found elsewhere when it is opened is not the one that was meant. */
  readonly plain?: boolean | undefined;
  /**
   * Modification time of the version that is meant, in nanoseconds since the epoch in decimal digits: a file that has another
   * one before or after a read was changed. Undefined where nobody knows.
   */
  readonly modified?: string | undefined;
}

export interface BytesReadSource {
  readonly kind: "bytes";
  readonly bytes: Uint8Array;
}
