/**
 * How to reach the network: proxies and certificate authorities. Plain data, so that it can cross into worker threads.
 * Everything that opens a socket (SDKs, the engine, the control plane) takes the same profile.
 */
export interface NetworkProfile {
  /** Cache key for TLS contexts and connection pools: equal ids mean equal content. */
  readonly id: string;
  /** PEM bundle that is trusted in addition to Node's roots; empty string for none. */
  readonly extraCa: string;
  /** Proxy for `http:` targets, such as `http://user:pass@proxy:3128`. Its credentials are secret. */
  readonly httpProxy: string | undefined;
  /** Proxy for `https:` targets. */
  readonly httpsProxy: string | undefined;
  /** Hosts that are reached directly: `host`, `.suffix`, `host:port`, IP, CIDR, or `*`. */
  readonly noProxy: readonly string[];
}

/** No proxy, Node's own roots. */
export const directNetwork: NetworkProfile = {
  id: "direct",
  extraCa: "",
  httpProxy: undefined,
  httpsProxy: undefined,
  noProxy: [],
};
