import type { AuthRequest } from "../auth-request.ts";
import type { AuthTypeOf } from "../auth-types.ts";
import { resolveAuthType } from "../resolve-auth-type.ts";
import { readSettings, type Setting, type SettingSpec, type Settings, settingsError } from "../settings.ts";
import { parseConnectionString } from "./connection-string.ts";
import { azureAuthSettings } from "./parameters.ts";

type AzureAuthType = AuthTypeOf<"azure">;
type Name = keyof typeof azureAuthSettings;
type AzureSettings = Settings<typeof azureAuthSettings>;
type Input = Pick<AuthRequest<"azure">, "parameters" | "secret" | "env">;

export interface ManagedIdentitySettings {
  readonly type: "managed_identity";
  /** Which user-assigned identity, as the metadata service's parameter has it; undefined for the only or system-assigned one. */
  readonly id: { readonly parameter: "client_id" | "object_id" | "msi_res_id"; readonly value: string } | undefined;
}

export interface ServicePrincipalSettings {
  readonly type: "service_principal";
  readonly tenantId: string;
  readonly clientId: string;
  readonly proof:
    | { readonly kind: "secret"; readonly secret: string }
    | { readonly kind: "certificate"; readonly pem: string; readonly password: string | undefined }
    | { readonly kind: "certificate_file"; readonly path: string; readonly password: string | undefined };
  readonly origin: Setting["origin"];
}

export interface WorkloadIdentitySettings {
  readonly type: "workload_identity";
  readonly tenantId: string;
  readonly clientId: string;
  readonly tokenFile: string;
}

export type AzureAuthSettings =
  | ManagedIdentitySettings
  | ServicePrincipalSettings
  | WorkloadIdentitySettings
  | { readonly type: "cli"; readonly tenantId: string | undefined }
  | { readonly type: "device_code"; readonly tenantId: string; readonly clientId: string }
  | {
      readonly type: "default";
      readonly first: ServicePrincipalSettings | WorkloadIdentitySettings | ManagedIdentitySettings;
      readonly tenantId: string | undefined;
    }
  | { readonly type: "account_key"; readonly key: string; readonly origin: Setting["origin"] }
  | { readonly type: "sas_token"; readonly query: string; readonly origin: Setting["origin"] }
  | { readonly type: "anonymous" };

/** Settings that say where the storage is rather than who logs in; every type takes them. */
const place: readonly Name[] = ["auth", "account"];
const certificate = ["clientCertificate", "clientCertificatePath", "clientCertificatePassword"] as const;

/** Which settings each type understands; any other one among the parameters is a contradiction. */
const used: Readonly<Record<AzureAuthType, readonly Name[]>> = {
  managed_identity: ["clientId", "objectId", "resourceId"],
  service_principal: ["tenantId", "clientId", "clientSecret", ...certificate],
  workload_identity: ["tenantId", "clientId", "federatedTokenFile"],
  cli: ["tenantId"],
  default: ["tenantId", "clientId"],
  device_code: ["tenantId", "clientId"],
  account_key: ["accountKey", "connectionString"],
  sas_token: ["sasToken", "connectionString"],
  anonymous: [],
};

/**
 * Decides from the settings alone who logs in. Without `auth` the settings decide, explicit ones before those of the
 * environment: a connection string, account key or SAS, a client secret or certificate, a federated token file, else the
 * managed identity.
 *
 * @throws StorageError `config_invalid` for an unknown type, and for settings that are missing or that the type does not use.
 */
export function chooseAzureSettings(input: Input): AzureAuthSettings {
  const settings = readSettings(azureAuthSettings, { provider: "azure", ...input });
  const explicitOnly = Object.fromEntries(
    Object.entries(settings).filter(([, setting]) => setting?.origin !== "environment"),
  ) as AzureSettings;
  const type =
    resolveAuthType("azure", settings.auth?.value) ??
    impliedType(explicitOnly) ??
    impliedType(settings) ??
    "managed_identity";
  refuseUnused(settings, type);
  switch (type) {
    case "managed_identity":
      return managedIdentity(settings);
    case "service_principal":
      return servicePrincipal(settings);
    case "workload_identity":
      return workloadIdentity(settings);
    case "cli":
      return { type, tenantId: settings.tenantId?.value };
    case "device_code":
      return { type, tenantId: need(settings, "tenantId", type), clientId: need(settings, "clientId", type) };
    case "default":
      return { type, first: firstConfigured(settings), tenantId: settings.tenantId?.value };
    case "account_key":
      return accountKey(settings);
    case "sas_token":
      return sasToken(settings);
    case "anonymous":
      return { type };
  }
}

function impliedType(settings: AzureSettings): AzureAuthType | undefined {
  const { connectionString } = settings;
  if (settings.accountKey !== undefined) return "account_key";
  if (settings.sasToken !== undefined) return "sas_token";
  if (connectionString !== undefined) {
    return parseConnectionString(connectionString.value).accountKey === undefined ? "sas_token" : "account_key";
  }
  if (hasProof(settings)) return "service_principal";
  return settings.federatedTokenFile === undefined ? undefined : "workload_identity";
}

function hasProof({ clientSecret, clientCertificate, clientCertificatePath }: AzureSettings): boolean {
  return [clientSecret, clientCertificate, clientCertificatePath].some((setting) => setting !== undefined);
}

function firstConfigured(settings: AzureSettings) {
  if (hasProof(settings)) return servicePrincipal(settings);
  return settings.federatedTokenFile === undefined ? managedIdentity(settings) : workloadIdentity(settings);
}

function managedIdentity({ clientId, objectId, resourceId }: AzureSettings): ManagedIdentitySettings {
  const named = [
    { parameter: "client_id" as const, setting: clientId },
    { parameter: "object_id" as const, setting: objectId },
    { parameter: "msi_res_id" as const, setting: resourceId },
  ].flatMap(({ parameter, setting }) => (setting === undefined ? [] : [{ parameter, setting }]));
  const explicit = named.filter(({ setting }) => setting.origin !== "environment");
  if (explicit.length > 1) {
    const keys = explicit.map(({ setting }) => setting.key).join(" and ");
    throw settingsError("azure", `${keys} name two identities`, "Keep one of them.");
  }
  const chosen = explicit[0] ?? named[0];
  return {
    type: "managed_identity",
    id: chosen === undefined ? undefined : { parameter: chosen.parameter, value: chosen.setting.value },
  };
}

function servicePrincipal(settings: AzureSettings): ServicePrincipalSettings {
  const type = "service_principal";
  const tenantId = need(settings, "tenantId", type);
  const clientId = need(settings, "clientId", type);
  const proofs = [settings.clientSecret, settings.clientCertificate, settings.clientCertificatePath].filter(
    (setting) => setting !== undefined,
  );
  const explicit = proofs.filter(({ origin }) => origin !== "environment");
  const [chosen, other] = explicit.length > 0 ? explicit : proofs;
  if (chosen === undefined) {
    throw settingsError(
      "azure",
      "auth service_principal needs a client secret or a certificate",
      "Put clientSecret or clientCertificate (PEM) into the Secret, or set AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.",
    );
  }
  if (other !== undefined) {
    throw settingsError("azure", `there are both ${chosen.key} and ${other.key}`, "Keep one of them.");
  }
  const { origin, value } = chosen;
  const password = settings.clientCertificatePassword?.value;
  const proof =
    chosen === settings.clientSecret
      ? ({ kind: "secret", secret: value } as const)
      : chosen === settings.clientCertificate
        ? ({ kind: "certificate", pem: value, password } as const)
        : ({ kind: "certificate_file", path: value, password } as const);
  return { type, tenantId, clientId, proof, origin };
}

function workloadIdentity(settings: AzureSettings): WorkloadIdentitySettings {
  const type = "workload_identity";
  return {
    type,
    tenantId: need(settings, "tenantId", type),
    clientId: need(settings, "clientId", type),
    tokenFile: need(settings, "federatedTokenFile", type),
  };
}

function accountKey(settings: AzureSettings): AzureAuthSettings {
  const { accountKey: given, connectionString } = settings;
  if (given !== undefined && !outranked(given, connectionString)) {
    return { type: "account_key", key: given.value, origin: given.origin };
  }
  const key = connectionString === undefined ? undefined : parseConnectionString(connectionString.value).accountKey;
  if (connectionString !== undefined && key !== undefined) {
    return { type: "account_key", key, origin: connectionString.origin };
  }
  throw missing("accountKey", "account_key");
}

function sasToken(settings: AzureSettings): AzureAuthSettings {
  const { sasToken: given, connectionString } = settings;
  const own = given !== undefined && !outranked(given, connectionString);
  const text = own
    ? given.value
    : connectionString === undefined
      ? undefined
      : parseConnectionString(connectionString.value).sasToken;
  const origin = own ? given.origin : connectionString?.origin;
  if (text === undefined || origin === undefined) throw missing("sasToken", "sas_token");
  return { type: "sas_token", query: text.replace(/^\?/, ""), origin };
}

/** What is given with the model stands above the environment, whichever form it has. */
function outranked(setting: Setting, other: Setting | undefined): boolean {
  return setting.origin === "environment" && other !== undefined && other.origin !== "environment";
}

function refuseUnused(settings: AzureSettings, type: AzureAuthType): void {
  for (const [name, setting] of Object.entries(settings) as [Name, Setting | undefined][]) {
    if (setting?.origin !== "parameters" || place.includes(name) || used[type].includes(name)) continue;
    const users = Object.entries(used).flatMap(([other, names]) => (names.includes(name) ? [other] : []));
    throw settingsError(
      "azure",
      `${setting.key} has no meaning with auth ${type}`,
      `Remove it, or use auth ${users.join(" or ")}.`,
    );
  }
}

function need(settings: AzureSettings, name: Name, type: AzureAuthType): string {
  const setting = settings[name];
  if (setting !== undefined) return setting.value;
  throw missing(name, type);
}

function missing(name: Name, type: AzureAuthType): Error {
  const spec: SettingSpec = azureAuthSettings[name];
  const places = [`the parameter ${name}`, ...(spec.env ?? [])];
  return settingsError("azure", `auth ${type} needs ${name}`, `Set ${places.join(" or ")}.`);
}
