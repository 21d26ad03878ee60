import { createDispatcher } from "../../network/dispatcher.ts";
import type { AuthRequest } from "../auth-request.ts";
import { createCaching } from "../caching.ts";
import { logObtained } from "../log-obtained.ts";
import { chooseOciSettings, type OciAuthSettings } from "./choose-settings.ts";
import type { OciCredentials } from "./credentials.ts";
import { createInstanceMetadata } from "./instance-metadata.ts";
import { instancePrincipalSource } from "./instance-principal.ts";
import type { KeySource, LoadedKey } from "./loaded-key.ts";
import { resourcePrincipalSource } from "./resource-principal.ts";
import { givenKeySource, profileSource } from "./user-principal.ts";
import { workloadIdentitySource } from "./workload-identity.ts";

/** Keys in files are looked at again after an hour: somebody may have rotated them. */
const staticMaxAgeMs = 60 * 60_000;

/**
 * Credentials for Oracle Cloud.
 *
 * @throws StorageError `config_invalid` for settings that contradict themselves or are incomplete.
 */
export function createOciCredentials(request: AuthRequest<"oci">): OciCredentials {
  const settings = chooseOciSettings(request);
  const { clock, logger, random, signal } = request;
  const source = keySource(request, settings);
  const caching = createCaching<LoadedKey>({
    clock,
    logger,
    random,
    signal,
    maxAgeMs: staticMaxAgeMs,
    load: async (ended) => {
      const loaded = await source(ended);
      const { identity, home, expiration } = loaded;
      logObtained(request, expiration, {
        provider: "oci",
        source: identity.source,
        identity: identity.name,
        region: home?.region,
      });
      return loaded;
    },
  });
  return {
    provider: "oci",
    authType: settings.type,
    resolve: async (options) => (await caching.resolve(options)).key,
    home: async (ended) => (await caching.resolve({ signal: ended })).home,
    identify: async (ended) => (await caching.resolve({ signal: ended })).identity,
  };
}

function keySource(request: AuthRequest<"oci">, settings: OciAuthSettings): KeySource {
  if (settings.type === "resource_principal") return resourcePrincipalSource(request);
  if ("from" in settings) {
    return settings.from === "settings" ? givenKeySource(settings) : profileSource(settings, request);
  }
  const metadata = createInstanceMetadata(request, createDispatcher(request.network, { connectTimeoutMs: 2000 }));
  if (settings.type === "workload_identity") return workloadIdentitySource(request, metadata);
  return instancePrincipalSource(request, metadata, createDispatcher(request.network));
}
