import { StorageError, toStorageError } from "../errors.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { AuthRequest } from "./auth-request.ts";
import type { AwsCredentials } from "./aws/credentials.ts";
import type { AzureCredentials } from "./azure/credentials.ts";
import type { GcpCredentials } from "./gcp/credentials.ts";
import type { GithubCredentials } from "./github/credentials.ts";
import type { HuggingFaceCredentials } from "./huggingface/credentials.ts";
import type { OciCredentials } from "./oci/credentials.ts";

/**
 * What each provider's factory makes. A cloud joins with three lines: its credentials type here, its factory below, its
 * auth types in `auth-types.ts`. Its folder then holds the same files as `aws/`: `credentials.ts` (the type),
 * `parameters.ts` (settings as data), `choose-settings.ts` (which login, pure), `create.ts` (the factory),
 * `identify.ts`, `auth-error.ts` (what its refusals mean).
 */
export interface CredentialsByProvider {
  readonly aws: AwsCredentials;
  readonly azure: AzureCredentials;
  readonly gcp: GcpCredentials;
  readonly oci: OciCredentials;
  readonly huggingface: HuggingFaceCredentials;
  readonly github: GithubCredentials;
}

/** Credentials of any provider, told apart by `provider`. */
export type Credentials = CredentialsByProvider[keyof CredentialsByProvider];

type Factories = {
  readonly [P in keyof CredentialsByProvider]: () => Promise<(request: AuthRequest<P>) => CredentialsByProvider[P]>;
};

/** Loaded when used: a node that reads from one cloud loads the SDK of that one. */
const factories: Factories = {
  aws: async () => (await import("./aws/create.ts")).createAwsCredentials,
  azure: async () => (await import("./azure/create.ts")).createAzureCredentials,
  gcp: async () => (await import("./gcp/create.ts")).createGcpCredentials,
  oci: async () => (await import("./oci/create.ts")).createOciCredentials,
  huggingface: async () => (await import("./huggingface/create.ts")).createHuggingFaceCredentials,
  github: async () => (await import("./github/create.ts")).createGithubCredentials,
};

/**
 * Credentials for one provider from parameters, Secret and environment. Nothing is asked of the provider yet: settings are
 * checked here, the login happens when the credentials are first used.
 *
 * @throws StorageError `config_invalid` for unknown auth types and for missing, partial or contradicting settings.
 */
export async function createCredentials<P extends keyof CredentialsByProvider>(
  request: AuthRequest<P>,
): Promise<CredentialsByProvider[P]> {
  const load = factories[request.provider];
  if (load === undefined) {
    throw new StorageError({
      code: "unsupported",
      operation: "create credentials",
      detail: `there is no login for provider "${request.provider}"`,
      hint: `Providers with logins: ${Object.keys(factories).join(", ")}.`,
    });
  }
  const create = await load();
  const credentials = create(request);
  request.logger.debug({ provider: credentials.provider, authType: credentials.authType }, "credentials chosen");
  if (request.logger.debugEnabled === true) void logIdentity(credentials, request.logger);
  return credentials;
}

/** Says who is logged in, once that is known. Nobody waits for it, and nothing fails when it cannot be told. */
async function logIdentity(credentials: Credentials, logger: Logger): Promise<void> {
  const { provider, authType } = credentials;
  try {
    const { name, kind, source, confirmed } = await credentials.identify();
    logger.debug({ provider, authType, identity: name, kind, source, confirmed }, "identity of the storage client");
  } catch (error) {
    const { code, message } = toStorageError(error, "identify caller");
    logger.debug({ provider, authType, code, reason: message }, "identity of the storage client cannot be told");
  }
}
