import type { CredentialsBase } from "../auth-request.ts";
import type { ResolveOptions } from "../caching.ts";

/** An OAuth 2.0 access token. Secret. */
export interface GcpToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiration?: number | undefined;
}

export interface GcpCredentials extends CredentialsBase<"gcp"> {
  /**
   * A token that is valid now, refreshed when needed; undefined for anonymous access.
   *
   * @throws StorageError `unauthenticated` when the identity asked for is not to be had, `connection` and its like when the
   * service that grants it cannot be reached, `cancelled`.
   */
  resolve(options?: ResolveOptions): Promise<GcpToken | undefined>;
  /** The project that requests are charged to where a bucket demands one: settings, else the credential file. Throws as `resolve`. */
  quotaProject(signal?: AbortSignal): Promise<string | undefined>;
}
