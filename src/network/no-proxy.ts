import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Whether a host (lower case, IPv6 without brackets) and port are reached without a proxy. */
export type NoProxyRule = (host: string, port: number) => boolean;

/**
 * Reads one entry of `NO_PROXY`: `*`, `host` (and everything below it), `.suffix` and `*.suffix` (the same), each with an
 * optional `:port`; an IP address, `[v6]:port`, or a CIDR block. As in curl, a leading dot does not exclude the name itself.
 * An entry that is none of these matches nothing.
 */
export function noProxyRule(entry: string): NoProxyRule {
  const text = entry.trim().toLowerCase();
  if (text === "") return () => false;
  if (text === "*") return () => true;
  if (text.includes("/")) return blockRule(text);
  const { host, port } = splitPort(text);
  const matches = isIP(host) === 0 ? nameRule(host) : addressRule(host);
  return (candidate, candidatePort) => (port === undefined || port === candidatePort) && matches(candidate);
}

function blockRule(text: string): NoProxyRule {
  if (!ipaddr.isValidCIDR(text)) return () => false;
  const [network, bits] = ipaddr.parseCIDR(text);
  return (host) => {
    if (isIP(host) === 0) return false;
    const address = ipaddr.process(host);
    return address.kind() === network.kind() && address.match(network, bits);
  };
}

function splitPort(text: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed)
    return { host: bracketed[1] ?? "", port: bracketed[2] === undefined ? undefined : Number(bracketed[2]) };
  if (isIP(text) === 6) return { host: text, port: undefined };
  const colon = /^(.*):(\d+)$/.exec(text);
  return colon ? { host: colon[1] ?? "", port: Number(colon[2]) } : { host: text, port: undefined };
}

function nameRule(name: string): (host: string) => boolean {
  const bare = name.replace(/^\*?\./, "").replace(/\.$/, "");
  if (bare === "") return () => false;
  return (host) => host === bare || host.endsWith(`.${bare}`);
}

function addressRule(text: string): (host: string) => boolean {
  const wanted = ipaddr.process(text).toString();
  return (host) => isIP(host) !== 0 && ipaddr.process(host).toString() === wanted;
}
