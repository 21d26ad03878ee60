import type { Dispatcher } from "undici";
import { isStorageError } from "../../errors.ts";
import type { AuthRequest } from "../auth-request.ts";
import { settingsError } from "../settings.ts";
import { unauthenticated } from "./auth-error.ts";
import { containerMetadataSource, hasContainerEndpoint } from "./container-metadata.ts";
import type { AwsKeys } from "./credentials.ts";
import { instanceMetadataSource } from "./instance-metadata.ts";
import { type KeySource, loadedKeys } from "./loaded-keys.ts";
import { loadProfile, type ProfileTools, profileSource } from "./profile.ts";
import { webIdentitySource } from "./web-identity.ts";

export interface DefaultChainTools extends ProfileTools {
  readonly metadata: Dispatcher;
}

/**
 * The default chain in the SDK's order: keys in the environment, profile, web identity, container, instance. The first one
 * that is configured decides, and its failure is the result: another identity further down never takes its place. (The
 * SDK's own chain goes on after some failures.) Only the `default` profile may be absent without being asked for.
 *
 * @throws StorageError `config_invalid` for half a configuration in the environment.
 */
export function defaultChainSource(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  tools: DefaultChainTools,
): KeySource {
  const { env, logger } = request;
  const profile = env["AWS_PROFILE"];
  if (profile) {
    if (env["AWS_ACCESS_KEY_ID"]) logger.warn({ profile }, "AWS_PROFILE is set, AWS_ACCESS_KEY_ID is not used");
    return profileSource(profile, tools);
  }
  const keys = environmentKeys(env);
  if (keys !== undefined) return async () => loadedKeys(keys, "environment");
  const beyondProfile = sourceBeyondProfile(request, tools);
  return async (signal) => (await loadProfile("default", tools, signal)) ?? (await beyondProfile(signal));
}

function sourceBeyondProfile(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  tools: DefaultChainTools,
): KeySource {
  const { env } = request;
  const tokenFile = env["AWS_WEB_IDENTITY_TOKEN_FILE"];
  if (tokenFile) {
    const roleArn = env["AWS_ROLE_ARN"];
    if (!roleArn) {
      throw settingsError(
        "aws",
        "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN",
        "Annotate the service account with eks.amazonaws.com/role-arn, or unset the variable.",
      );
    }
    const sessionName = env["AWS_ROLE_SESSION_NAME"] || "ome-storage-session";
    return webIdentitySource({ type: "web_identity", roleArn, tokenFile, sessionName }, tools.sts);
  }
  if (hasContainerEndpoint(env)) return containerMetadataSource(request, tools.metadata);
  const instance = instanceMetadataSource(request, tools.metadata);
  return async (signal) => {
    try {
      return await instance(signal);
    } catch (error) {
      if (!isStorageError(error) || error.code === "cancelled") throw error;
      throw unauthenticated({
        operation: "find AWS credentials",
        asked: "iam_role",
        retry: error.retry,
        detail: `the environment has no keys, profile, web identity or container role, and ${error.detail}`,
        hint:
          error.code === "unauthenticated"
            ? error.hint
            : "Give the pod an IAM role (IRSA, EKS Pod Identity), name a Secret with keys, or set auth to anonymous for public buckets.",
        cause: error,
      });
    }
  };
}

function environmentKeys(env: AuthRequest["env"]): AwsKeys | undefined {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const [present, missing] = accessKeyId
      ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
      : ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"];
    throw settingsError("aws", `${present} is set without ${missing}`, "Set both, or neither.");
  }
  const expiration = Date.parse(env["AWS_CREDENTIAL_EXPIRATION"] ?? "");
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: env["AWS_SESSION_TOKEN"] || undefined,
    expiration: Number.isNaN(expiration) ? undefined : expiration,
  };
}
