import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { NetworkProfile } from "./network-profile.ts";
import { noProxyRule } from "./no-proxy.ts";

/** Names under which clouds serve instance metadata; a proxy would answer with somebody else's identity, or not at all. */
const metadataNames: ReadonlySet<string> = new Set(["metadata.google.internal", "metadata.goog", "localhost"]);

/** Metadata addresses outside the link-local ranges: EC2's and EKS Pod Identity's over IPv6. */
const metadataAddresses: ReadonlySet<string> = new Set(["fd00:ec2::254", "fd00:ec2::23"]);

/**
 * The proxy through which a URL is reached, or undefined to go direct. Metadata services (169.254.0.0/16, `fd00:ec2::254`,
 * `metadata.google.internal`) and loopback are always direct, whatever the profile says. `NO_PROXY` entries match by the text
 * of the URL: names are not resolved.
 */
export function proxyFor(profile: NetworkProfile, url: URL): URL | undefined {
  const proxy =
    url.protocol === "https:" ? profile.httpsProxy : url.protocol === "http:" ? profile.httpProxy : undefined;
  if (proxy === undefined) return undefined;
  const host = bareHost(url);
  if (isAlwaysDirect(host)) return undefined;
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (profile.noProxy.some((entry) => noProxyRule(entry)(host, port))) return undefined;
  return new URL(proxy);
}

/** Host of a URL in lower case, without the brackets of IPv6 and without the root dot. */
function bareHost(url: URL): string {
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  return host.toLowerCase().replace(/\.$/, "");
}

function isAlwaysDirect(host: string): boolean {
  if (isIP(host) === 0) return metadataNames.has(host) || host.endsWith(".localhost");
  const address = ipaddr.process(host);
  const range = address.range();
  return range === "loopback" || range === "linkLocal" || metadataAddresses.has(address.toString());
}
