import type { NetworkProfile } from "../../network/network-profile.ts";

/** One place that is read from (an origin, this machine's disk, a stream), with what its connections share. */
export class Endpoint {
  readonly key: string;
  /** Host name for HTTP, empty otherwise. */
  readonly host: string;
  readonly network: NetworkProfile | undefined;
  /** Connections in use. */
  active = 0;
  limit = 8;

  constructor(key: string, host: string, network: NetworkProfile | undefined) {
    this.key = key;
    this.host = host;
    this.network = network;
  }

  get free(): number {
    return Math.max(0, this.limit - this.active);
  }
}
