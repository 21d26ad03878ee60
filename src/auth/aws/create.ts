import { createAwsRequestHandler } from "../../network/aws-request-handler.ts";
import { createDispatcher } from "../../network/dispatcher.ts";
import type { AuthRequest } from "../auth-request.ts";
import { type Caching, createCaching } from "../caching.ts";
import { logObtained } from "../log-obtained.ts";
import { settingsError } from "../settings.ts";
import { assumeRoleSource } from "./assume-role.ts";
import { type AwsAuthSettings, type AwsSourceSettings, chooseAwsSettings } from "./choose-settings.ts";
import { containerMetadataSource } from "./container-metadata.ts";
import type { AwsCredentials } from "./credentials.ts";
import { type DefaultChainTools, defaultChainSource } from "./default-chain.ts";
import { identifyAws } from "./identify.ts";
import { instanceMetadataSource } from "./instance-metadata.ts";
import { type KeySource, type LoadedKeys, loadedKeys, shortKeyId } from "./loaded-keys.ts";
import { processSource } from "./process.ts";
import { profileSource } from "./profile.ts";
import { createSts } from "./sts.ts";
import { webIdentitySource } from "./web-identity.ts";

/** Static keys in files are looked at again after an hour: somebody may have rotated them. */
const staticMaxAgeMs = 60 * 60_000;

/**
 * Credentials for AWS and its compatibles.
 *
 * @throws StorageError `config_invalid` for settings that contradict themselves or are incomplete.
 */
export function createAwsCredentials(request: AuthRequest<"aws">): AwsCredentials {
  const settings = chooseAwsSettings(request);
  if (settings.type === "anonymous") {
    return {
      provider: "aws",
      authType: settings.type,
      resolve: async () => undefined,
      identify: async () => ({ kind: "anonymous", name: "anonymous", source: "settings", confirmed: true }),
    };
  }
  const tools = createTools(request);
  const caching = cachingOf(request, keySource(request, settings, tools));
  return {
    provider: "aws",
    authType: settings.type,
    resolve: async (options) => (await caching.resolve(options)).keys,
    identify: async (signal = new AbortController().signal) =>
      identifyAws(await caching.resolve({ signal }), request, tools.sts, signal),
  };
}

function createTools(request: AuthRequest<"aws">): DefaultChainTools {
  const requestHandler = createAwsRequestHandler(createDispatcher(request.network));
  return {
    env: request.env,
    requestHandler,
    sts: createSts(request, requestHandler),
    metadata: createDispatcher(request.network, { connectTimeoutMs: 2000 }),
  };
}

function keySource(
  request: AuthRequest<"aws">,
  settings: Exclude<AwsAuthSettings, { type: "anonymous" }>,
  tools: DefaultChainTools,
): KeySource {
  if (settings.type === "assume_role") {
    const source = cachingOf(request, simpleSource(request, settings.source, tools));
    return assumeRoleSource(settings, source, tools.sts);
  }
  if (settings.type === "web_identity") return webIdentitySource(settings, tools.sts);
  return simpleSource(request, settings, tools);
}

function simpleSource(request: AuthRequest<"aws">, settings: AwsSourceSettings, tools: DefaultChainTools): KeySource {
  switch (settings.type) {
    case "access_key": {
      const source = settings.origin === "environment" ? "environment" : `keys in ${settings.origin}`;
      return async () => loadedKeys(settings.keys, source);
    }
    case "profile":
      return profileSource(settings.profile, tools);
    case "instance_profile":
      return instanceMetadataSource(request, tools.metadata);
    case "ecs_task_role":
      return containerMetadataSource(request, tools.metadata);
    case "process":
      return processSource(commandOf(request), request.env);
    case "iam_role":
      return defaultChainSource(request, tools);
  }
}

function commandOf(request: AuthRequest<"aws">): string {
  const command = request.env["AWS_CREDENTIAL_PROCESS"];
  if (command) return command;
  throw settingsError(
    "aws",
    "auth process needs AWS_CREDENTIAL_PROCESS",
    "Set it in the agent's environment, or use auth profile with a credential_process in the profile.",
  );
}

function cachingOf(request: AuthRequest<"aws">, source: KeySource): Caching<LoadedKeys> {
  const { clock, logger, random, signal } = request;
  return createCaching<LoadedKeys>({
    clock,
    logger,
    random,
    signal,
    maxAgeMs: staticMaxAgeMs,
    load: async (ended) => {
      const loaded = await source(ended);
      const { keys, expiration } = loaded;
      logObtained(request, expiration, {
        provider: "aws",
        source: loaded.source,
        keyId: shortKeyId(keys.accessKeyId),
      });
      return loaded;
    },
  });
}
