/** Where a URL leads, as far as connections are concerned. */
export interface Origin {
  readonly secure: boolean;
  /** Host name or address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host and port as text; equal for URLs that can share a connection. */
  readonly text: string;
}

/** Origin of an absolute http or https URL. Throws TypeError for anything else. */
export function originOf(url: URL): Origin {
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new TypeError(`unsupported scheme ${url.protocol}`);
  const secure = url.protocol === "https:";
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    text: url.origin,
  };
}

/**
 * Path and query of an absolute URL byte for byte, as a signature covers them; never normalised. Only what cannot go on the
 * wire at all, blanks and letters beyond ASCII, is percent-encoded.
 */
export function requestTarget(url: string): string {
  const rest = /^https?:\/\/[^/?#]*([^#]*)/i.exec(url)?.[1] ?? "";
  const target = rest.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
  return target.startsWith("/") ? target : `/${target}`;
}
