import type { CredentialsBase } from "../auth-request.ts";

/** Keys that sign requests to AWS and its compatibles. Secret but for the id. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Always present with temporary keys; a request signed without it is refused. */
  readonly sessionToken?: string | undefined;
  /** Epoch milliseconds; undefined for keys that do not expire. */
  readonly expiration?: number | undefined;
}

export interface AwsResolveOptions {
  /** Ends this caller's waiting only. */
  readonly signal?: AbortSignal | undefined;
  /** The service refused the keys that it was given: fetch new ones even if these look valid. */
  readonly forceRefresh?: boolean | undefined;
}

export interface AwsCredentials extends CredentialsBase<"aws"> {
  /**
   * Keys that are valid now, refreshed when needed; undefined for anonymous access.
   *
   * @throws StorageError `unauthenticated` when the identity asked for is not to be had, `connection` and its like when the
   * service that grants it cannot be reached, `cancelled`.
   */
  resolve(options?: AwsResolveOptions): Promise<AwsKeys | undefined>;
}
