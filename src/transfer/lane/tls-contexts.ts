import { createSecureContext, DEFAULT_CIPHERS, getCACertificates, type SecureContext } from "node:tls";
import type { NetworkProfile } from "../../network/network-profile.ts";

/** The cheapest to decrypt comes first; the rest of Node's list stays as it is. */
const cheapest = "TLS_AES_128_GCM_SHA256";
const ciphers = [cheapest, ...DEFAULT_CIPHERS.split(":").filter((name) => name !== cheapest)].join(":");

/** TLS contexts by network profile, made once each, and the sessions that shorten later handshakes. */
export class TlsContexts {
  readonly #contexts = new Map<string, SecureContext>();
  readonly #sessions = new Map<string, Buffer>();

  /** Node's default authorities and the profile's own. */
  get(network: NetworkProfile): SecureContext {
    const known = this.#contexts.get(network.id);
    if (known !== undefined) return known;
    const ca = network.extraCa === "" ? {} : { ca: [...getCACertificates("default"), network.extraCa] };
    const context = createSecureContext({ ciphers, ...ca });
    this.#contexts.set(network.id, context);
    return context;
  }

  /** Of an earlier connection under the same profile: a certificate that one profile trusts proves nothing to another. */
  session(origin: string, network: NetworkProfile): Buffer | undefined {
    return this.#sessions.get(`${network.id} ${origin}`);
  }

  keepSession(origin: string, network: NetworkProfile, session: Buffer): void {
    this.#sessions.set(`${network.id} ${origin}`, session);
  }
}
