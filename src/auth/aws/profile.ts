import { join } from "node:path";
import { fromIni } from "@aws-sdk/credential-providers";
import type { AwsRequestHandler } from "../../network/aws-request-handler.ts";
import type { AuthRequest } from "../auth-request.ts";
import { awsAuthError, unauthenticated } from "./auth-error.ts";
import { type KeySource, keysForSdk, keysFromSdk, type LoadedKeys, loadedKeys } from "./loaded-keys.ts";
import type { Sts } from "./sts.ts";

const operation = "read profile";
const sessionName = "ome-storage-session";

export interface ProfileTools {
  readonly env: AuthRequest["env"];
  readonly sts: Sts;
  readonly requestHandler: AwsRequestHandler;
}

/** Keys of a profile of the shared configuration files: static, SSO, credential process, assumed role or web identity. */
export function profileSource(profile: string, tools: ProfileTools): KeySource {
  return async (signal) => {
    const loaded = await loadProfile(profile, tools, signal);
    if (loaded !== undefined) return loaded;
    throw unauthenticated({
      operation,
      asked: `profile ${profile}`,
      detail: "the configuration files have no such profile, or it has nothing to log in with",
      hint: "Check the name in ~/.aws/config and ~/.aws/credentials (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE).",
    });
  };
}

/** As {@link profileSource}, with undefined for a profile that is absent or holds no credentials. */
export async function loadProfile(
  profile: string,
  tools: ProfileTools,
  signal: AbortSignal,
): Promise<LoadedKeys | undefined> {
  const { env, sts, requestHandler } = tools;
  const asked = `profile ${profile}`;
  const provider = fromIni({
    profile,
    ignoreCache: true,
    ...filesOf(env),
    clientConfig: { requestHandler },
    roleAssumer: async (source, params) => {
      const role = {
        roleArn: params.RoleArn ?? "",
        sessionName,
        externalId: params.ExternalId,
        durationSeconds: params.DurationSeconds,
      };
      return sdkIdentity(await sts.assumeRole(keysFromSdk(source), role, signal));
    },
    roleAssumerWithWebIdentity: async (params) => {
      const role = { roleArn: params.RoleArn ?? "", sessionName: params.RoleSessionName ?? sessionName };
      return sdkIdentity(await sts.assumeRoleWithWebIdentity(params.WebIdentityToken ?? "", role, signal));
    },
  });
  try {
    return loadedKeys(keysFromSdk(await provider()), asked);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    if (message.startsWith("Could not resolve credentials using profile")) return undefined;
    throw profileError(error, message, profile);
  }
}

function profileError(error: unknown, message: string, profile: string): Error {
  const asked = `profile ${profile}`;
  if (/\bsso\b/i.test(message)) {
    return unauthenticated({
      operation,
      asked,
      detail: "its SSO session has expired, was never begun, or is refused",
      hint: `Run "aws sso login --profile ${profile}", and check sso_account_id and sso_role_name.`,
    });
  }
  if (/credential_process|^Command failed/.test(message)) {
    return unauthenticated({
      operation,
      asked,
      detail: "its credential_process failed or did not print keys",
      hint: "Run the profile's credential_process by hand to see what is wrong.",
    });
  }
  return awsAuthError(error, { operation, asked, host: "the profile's login service", secrets: [] });
}

/** Where the files are, decided by the given environment alone. */
function filesOf(env: AuthRequest["env"]): { filepath?: string; configFilepath?: string } {
  const home = env["HOME"];
  const filepath = env["AWS_SHARED_CREDENTIALS_FILE"] || (home ? join(home, ".aws", "credentials") : undefined);
  const configFilepath = env["AWS_CONFIG_FILE"] || (home ? join(home, ".aws", "config") : undefined);
  return {
    ...(filepath === undefined ? {} : { filepath }),
    ...(configFilepath === undefined ? {} : { configFilepath }),
  };
}

function sdkIdentity(keys: Parameters<typeof keysForSdk>[0]) {
  const expiration = keys.expiration === undefined ? {} : { expiration: new Date(keys.expiration) };
  return { ...keysForSdk(keys), ...expiration };
}
