import { createDispatcher } from "../../network/dispatcher.ts";
import { directNetwork } from "../../network/network-profile.ts";
import type { AuthRequest, Identity } from "../auth-request.ts";
import { createCaching } from "../caching.ts";
import { logObtained } from "../log-obtained.ts";
import { chooseGcpSettings } from "./choose-settings.ts";
import type { GcpCredentials } from "./credentials.ts";
import type { LoadedToken } from "./loaded-token.ts";
import { tokenSource } from "./token-source.ts";

const anonymous: Identity = { kind: "anonymous", name: "anonymous", source: "settings", confirmed: true };

/**
 * Credentials for Google Cloud.
 *
 * @throws StorageError `config_invalid` for settings that contradict themselves or are incomplete.
 */
export function createGcpCredentials(request: AuthRequest<"gcp">): GcpCredentials {
  const settings = chooseGcpSettings(request);
  const { env, clock, logger, random, signal, network } = request;
  const common = { provider: "gcp", authType: settings.type } as const;
  if (settings.type === "anonymous") {
    return {
      ...common,
      resolve: async () => undefined,
      quotaProject: async () => settings.quotaProject,
      identify: async () => anonymous,
    };
  }
  if (settings.keyJson?.origin === "parameters") {
    const warning = "can be read by everyone who may read the manifest; use a Secret";
    logger.warn({ provider: "gcp" }, `parameters.${settings.keyJson.key} ${warning}`);
  }
  const dispatcher = createDispatcher(network);
  const local = createDispatcher(directNetwork, { connectTimeoutMs: 2000 });
  const source = tokenSource({ env, clock, logger, dispatcher, local }, settings);
  const caching = createCaching<LoadedToken>({
    clock,
    logger,
    random,
    signal,
    load: async (ended) => {
      const loaded = await source(ended);
      const { identity, expiration } = loaded;
      logObtained(request, expiration, { provider: "gcp", source: identity.source, identity: identity.name });
      return loaded;
    },
  });
  return {
    ...common,
    resolve: async (options) => {
      const { token, expiration } = await caching.resolve(options);
      return { token, expiration };
    },
    quotaProject: async (ended) => settings.quotaProject ?? (await caching.resolve({ signal: ended })).quotaProject,
    identify: async (ended) => (await caching.resolve({ signal: ended })).identity,
  };
}
