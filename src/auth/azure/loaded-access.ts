import type { Identity } from "../auth-request.ts";
import type { Expiring } from "../caching.ts";
import type { AzureAccess } from "./credentials.ts";
import { tokenIdentity } from "./token-claims.ts";

/** What authorizes requests, and whose it is. */
export interface LoadedAccess extends Expiring {
  readonly access: AzureAccess;
  readonly identity: Identity;
}

/** One way of getting it. */
export type AccessSource = (signal: AbortSignal) => Promise<LoadedAccess>;

export function loadedToken(token: string, expiration: number, source: string): LoadedAccess {
  return { access: { kind: "token", token, expiration }, identity: tokenIdentity(token, source), expiration };
}
