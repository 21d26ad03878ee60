import type { NetworkProfile } from "../network/network-profile.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AuthProvider } from "./auth-types.ts";

/** Everything that decides who logs in, and how. */
export interface AuthRequest<P extends AuthProvider = AuthProvider> {
  readonly provider: P;
  /** `parameters` of the manifest or the command line. What is not about logging in is ignored here. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Data of the Kubernetes Secret that the manifest names, decoded. */
  readonly secret?: Readonly<Record<string, string | undefined>> | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Uniform in [0, 1); `Math.random` when undefined. */
  readonly random?: Random | undefined;
  /** Region of the storage that is read, where the login has regional endpoints. */
  readonly region?: string | undefined;
  /**
   * The storage only speaks the provider's protocol (MinIO, R2, Ceph, …): its keys mean nothing to the provider, which is
   * then never asked about them.
   */
  readonly compatible?: boolean | undefined;
  /** Ends every refresh that is under way; give it when the credentials have a definite end. */
  readonly signal?: AbortSignal | undefined;
}

/** Who the credentials belong to, as far as the provider tells. Never secret: for logs and `model-agent` output. */
export interface Identity {
  readonly kind: "arn" | "email" | "client_id" | "ocid" | "account" | "user" | "key_id" | "anonymous" | "unknown";
  /** The ARN, e-mail address, client id, OCID …; a shortened key id where only that is known. */
  readonly name: string;
  /** Where the credentials came from, in words, such as `instance metadata` or `profile dev`. */
  readonly source: string;
  /** True when the provider itself confirmed it. */
  readonly confirmed: boolean;
}

/** What every provider's credentials have in common. */
export interface CredentialsBase<P extends AuthProvider> {
  readonly provider: P;
  /** Canonical name, as in {@link authTypes}. */
  readonly authType: string;
  /**
   * Asks the provider who these credentials belong to. Falls back to what is known locally when the provider does not tell.
   *
   * @throws StorageError when there are no credentials at all, or the signal aborts.
   */
  identify(signal?: AbortSignal): Promise<Identity>;
}
