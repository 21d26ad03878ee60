import type { NetworkProfile } from "../../../src/network/network-profile.ts";
import { directNetwork } from "../../../src/network/network-profile.ts";
import type { Digest } from "../../../src/storage/digest.ts";
import { type Content, contentDigest, type FaultServer } from "../../../src/testing/index.ts";
import type { TransferFile, TransferSource } from "../../../src/transfer/transfer-types.ts";

export interface HttpSourceOptions {
  readonly id?: string;
  readonly network?: NetworkProfile;
  /** Query of each located URL, by how often it was located before. */
  readonly query?: (located: number) => string;
  readonly expiresAt?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pinned etag; `null` for a source that tells none. Defaults to {@link etagOf} the content. */
  readonly etag?: string | null;
  readonly onLocate?: () => void;
}

/** The etag that {@link serve} gives to a content. */
export function etagOf(content: Content): string {
  return `"${contentDigest(content, "crc32")}"`;
}

/** A source that reads the path of the fault server. */
export function httpSource(
  server: FaultServer,
  path: string,
  content: Content,
  options: HttpSourceOptions = {},
): TransferSource {
  const etag = options.etag === null ? undefined : (options.etag ?? etagOf(content));
  let located = 0;
  return {
    id: options.id ?? "http:test",
    provider: "http",
    scope: server.origin,
    target: server.url(path),
    pin: { size: content.size, etag },
    locate: async () => {
      const query = options.query?.(located) ?? "";
      located++;
      options.onLocate?.();
      return {
        kind: "http",
        url: server.url(path) + query,
        headers: options.headers ?? {},
        expiresAt: options.expiresAt ?? Number.POSITIVE_INFINITY,
        secretUrl: query !== "",
        dropHeadersOnRedirect: true,
        ifMatch: etag,
        network: options.network ?? directNetwork,
      };
    },
  };
}

export interface HttpFileOptions extends HttpSourceOptions {
  /** Which digest the source states; none when `null`. Default `crc32`. */
  readonly digest?: "crc32" | "sha256" | "md5" | null;
  readonly priority?: number;
  /** Size that the listing told, when it differs from the object's. */
  readonly size?: number;
}

/** A file of one source with the digest of its true content. */
export function httpFile(
  server: FaultServer,
  path: string,
  content: Content,
  options: HttpFileOptions = {},
): TransferFile {
  return {
    path: path.slice(1),
    size: options.size ?? content.size,
    digests: options.digest === null ? [] : [statedDigest(content, options.digest ?? "crc32")],
    priority: options.priority ?? 0,
    sources: [httpSource(server, path, content, options)],
  };
}

/** Puts the content on the server and describes it as a file to transfer. */
export function serve(
  server: FaultServer,
  path: string,
  content: Content,
  options: HttpFileOptions = {},
): TransferFile {
  server.put(path, { content, etag: options.etag === null ? undefined : (options.etag ?? etagOf(content)) });
  return httpFile(server, path, content, options);
}

export function statedDigest(content: Content, algorithm: "crc32" | "sha256" | "md5"): Digest {
  return { kind: "full", algorithm, value: contentDigest(content, algorithm), confidence: "stated" };
}
