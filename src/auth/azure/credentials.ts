import type { CredentialsBase } from "../auth-request.ts";
import type { ResolveOptions } from "../caching.ts";

/** What a request to Blob Storage is authorized with. All of it is secret. */
export type AzureAccess =
  | {
      readonly kind: "token";
      /** Access token of Microsoft Entra for `https://storage.azure.com`. */
      readonly token: string;
      /** Epoch milliseconds. */
      readonly expiration: number;
    }
  | {
      readonly kind: "account_key";
      /** Base64, as the portal shows it. */
      readonly key: string;
      readonly expiration?: undefined;
    }
  | {
      readonly kind: "sas";
      /** Query of a shared access signature without `?`, percent-encoded. */
      readonly query: string;
      /** Epoch milliseconds; undefined where a stored access policy decides. */
      readonly expiration: number | undefined;
    };

export interface AzureCredentials extends CredentialsBase<"azure"> {
  /**
   * True when the login is this machine's or this process's own (managed identity, environment, CLI) rather than given with
   * the model: what it gives out must not be sent to an address that a manifest names.
   */
  readonly ambient: boolean;
  /**
   * What authorizes a request now, refreshed when needed; undefined for anonymous access.
   *
   * @throws StorageError `unauthenticated` when the identity asked for is not to be had, `connection` and its like when the
   * service that grants it cannot be reached, `cancelled`.
   */
  resolve(options?: ResolveOptions): Promise<AzureAccess | undefined>;
}
