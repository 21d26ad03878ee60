import type { KeyObject } from "node:crypto";
import type { CredentialsBase } from "../auth-request.ts";
import type { ResolveOptions } from "../caching.ts";

/** What signs requests to Oracle Cloud. */
export interface OciSigningKey {
  /** `tenancy/user/fingerprint`, or `ST$` and a session token; secret in the second form. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** Epoch milliseconds; undefined for keys that do not expire. */
  readonly expiration?: number | undefined;
}

/** The region that a principal belongs to. */
export interface OciHome {
  /** Such as `us-ashburn-1`. */
  readonly region: string;
  /** Second-level domain of its realm, such as `oraclecloud.com`, where the login tells it. */
  readonly domain?: string | undefined;
}

export interface OciCredentials extends CredentialsBase<"oci"> {
  /**
   * A key that is valid now, refreshed when needed.
   *
   * @throws StorageError `unauthenticated` when the identity asked for is not to be had, `connection` and its like when the
   * service that grants it cannot be reached, `cancelled`.
   */
  resolve(options?: ResolveOptions): Promise<OciSigningKey>;
  /** The principal's own region, where the login tells: metadata, configuration file, environment. Throws as `resolve`. */
  home(signal?: AbortSignal): Promise<OciHome | undefined>;
}
