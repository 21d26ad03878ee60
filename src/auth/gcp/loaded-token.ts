import type { Identity } from "../auth-request.ts";
import type { GcpToken } from "./credentials.ts";

/** A token with what is known of its owner. */
export interface LoadedToken extends GcpToken {
  readonly identity: Identity;
  /** The project that the credential file charges. */
  readonly quotaProject?: string | undefined;
}

/** Fetches a new token. */
export type TokenSource = (signal: AbortSignal) => Promise<LoadedToken>;
