import type { Identity } from "../auth-request.ts";
import type { OciHome, OciSigningKey } from "./credentials.ts";

/** A signing key as a source gave it, with what is known about its owner. */
export interface LoadedKey {
  readonly key: OciSigningKey;
  readonly identity: Identity;
  readonly home: OciHome | undefined;
  readonly expiration?: number | undefined;
}

/** One way to get a key. The signal ends it. */
export type KeySource = (signal: AbortSignal) => Promise<LoadedKey>;
