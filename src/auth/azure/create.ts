import { isStorageError } from "../../errors.ts";
import type { AuthRequest, Identity } from "../auth-request.ts";
import { createCaching } from "../caching.ts";
import { logObtained } from "../log-obtained.ts";
import { type AzureAuthSettings, chooseAzureSettings } from "./choose-settings.ts";
import { cliSource } from "./cli.ts";
import type { AzureCredentials } from "./credentials.ts";
import { deviceCodeSource, servicePrincipalSource, workloadIdentitySource } from "./entra.ts";
import { managedIdentitySource } from "./instance-metadata.ts";
import type { AccessSource, LoadedAccess } from "./loaded-access.ts";

/**
 * Credentials for Azure Blob Storage.
 *
 * @throws StorageError `config_invalid` for settings that contradict themselves or are incomplete.
 */
export function createAzureCredentials(request: AuthRequest<"azure">): AzureCredentials {
  const settings = chooseAzureSettings(request);
  const { clock, logger, random, signal } = request;
  if (settings.type === "anonymous") {
    return {
      provider: "azure",
      authType: settings.type,
      ambient: false,
      resolve: async () => undefined,
      identify: async () => ({ kind: "anonymous", name: "anonymous", source: "settings", confirmed: true }),
    };
  }
  const source = accessSource(request, settings);
  const caching = createCaching<LoadedAccess>({
    clock,
    logger,
    random,
    signal,
    load: async (ended) => {
      const loaded = await source(ended);
      const { identity, expiration } = loaded;
      logObtained(request, expiration, { provider: "azure", source: identity.source, identity: identity.name });
      return loaded;
    },
  });
  return {
    provider: "azure",
    authType: settings.type,
    ambient: isAmbient(settings),
    resolve: async (options) => (await caching.resolve(options)).access,
    identify: async (ended) => (await caching.resolve({ signal: ended })).identity,
  };
}

function isAmbient(settings: Exclude<AzureAuthSettings, { readonly type: "anonymous" }>): boolean {
  return !("origin" in settings) || settings.origin === "environment";
}

function accessSource(
  request: AuthRequest<"azure">,
  settings: Exclude<AzureAuthSettings, { readonly type: "anonymous" }>,
): AccessSource {
  switch (settings.type) {
    case "managed_identity":
      return managedIdentitySource(request, settings);
    case "service_principal":
      return servicePrincipalSource(request, settings);
    case "workload_identity":
      return workloadIdentitySource(request, settings);
    case "cli":
      return cliSource(request, settings.tenantId);
    case "device_code":
      return deviceCodeSource(request, settings);
    case "default":
      return defaultSource(request, settings);
    case "account_key":
      return async () => ({
        access: { kind: "account_key", key: settings.key },
        identity: given("account", "owner of the account key", settings.origin),
      });
    case "sas_token": {
      const expiration = sasExpiration(settings.query);
      // The end of a signature is no reason to ask for a new one: there is none to be had.
      return async () => ({
        access: { kind: "sas", query: settings.query, expiration },
        identity: given("unknown", "holder of the shared access signature", settings.origin),
      });
    }
  }
}

/** What is configured, and only where nothing answers for the machine's own identity the person who uses it. */
function defaultSource(
  request: AuthRequest<"azure">,
  { first, tenantId }: Extract<AzureAuthSettings, { readonly type: "default" }>,
): AccessSource {
  const source = accessSource(request, first);
  if (first.type !== "managed_identity") return source;
  const person = cliSource(request, tenantId);
  return async (signal) => {
    try {
      return await source(signal);
    } catch (error) {
      const nowhere = isStorageError(error) && error.httpStatus === undefined && error.code === "unauthenticated";
      if (!nowhere) throw error;
      request.logger.info(
        { provider: "azure", reason: error.detail },
        "no managed identity here, asking the Azure CLI",
      );
      return person(signal);
    }
  };
}

function given(kind: Identity["kind"], name: string, origin: string): Identity {
  return { kind, name, source: origin === "environment" ? "environment" : `entry in ${origin}`, confirmed: false };
}

/** End of a shared access signature; undefined where a stored access policy has it. */
function sasExpiration(query: string): number | undefined {
  const end = Date.parse(new URLSearchParams(query).get("se") ?? "");
  return Number.isNaN(end) ? undefined : end;
}
