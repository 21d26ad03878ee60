import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { NetworkProfile } from "./network-profile.ts";

/**
 * The TLS context of a profile: Node's default authorities and the profile's. Undefined when the profile adds none, so that
 * Node's shared default context is used. Parsing some 150 certificates takes milliseconds: make one context per profile and
 * thread, not one per connection.
 */
export function trustContext(profile: NetworkProfile): SecureContext | undefined {
  if (profile.extraCa === "") return undefined;
  return createSecureContext({ ca: [...getCACertificates("default"), profile.extraCa] });
}
