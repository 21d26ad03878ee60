import { isIP } from "node:net";
import { parseConnectionString } from "../../../auth/azure/connection-string.ts";
import { azureAuthSettings } from "../../../auth/azure/parameters.ts";
import { readSettings } from "../../../auth/settings.ts";
import type { AzureUri } from "../../../uri/object-uri.ts";
import type { ProviderSettings } from "../../provider-definition.ts";
import type { RangeChecksums } from "./digests.ts";
import { azureError } from "./errors.ts";
import type { AzureParameters } from "./parameters.ts";

/** What a client works with, decided from URI, parameters, Secret and environment alone. */
export interface AzureSettings {
  /** Undefined: the account's own. */
  readonly endpoint: string | undefined;
  /** The operator's own choice, so that this machine's login may be used there. */
  readonly endpointTrusted: boolean;
  /** Domain behind `{account}.` where no endpoint is given. The URI of a request stands above it. */
  readonly hostSuffix: string;
  /** Undefined: every URI has to name it. */
  readonly account: string | undefined;
  readonly rangeChecksums: RangeChecksums;
}

/** Where an account's containers are. */
export interface AccountAddress {
  readonly account: string;
  /** `https://account.blob.core.windows.net`, `http://127.0.0.1:10000/account`. */
  readonly url: string;
}

const publicSuffix = "blob.core.windows.net";
/** Hosts that Microsoft runs, in every cloud; private links and DNS zones included. */
const microsoftHost =
  /\.blob\.(?:core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)|storage\.azure\.net)$/;

/**
 * Chooses account and address. Best first: the URI, the parameters, the Secret, the environment (`AZURE_STORAGE_ACCOUNT`,
 * `AZURE_STORAGE_SERVICE_ENDPOINT`), the account of a connection string being that of the place where it was found.
 *
 * @throws StorageError `config_invalid` when no place names the account.
 */
export function chooseSettings(input: ProviderSettings<AzureUri, AzureParameters>): AzureSettings {
  const { uri, parameters, env } = input;
  const found = readSettings(azureAuthSettings, { ...input, provider: "azure" });
  const connection =
    found.connectionString === undefined ? undefined : parseConnectionString(found.connectionString.value);
  const fromEnvironment = env["AZURE_STORAGE_SERVICE_ENDPOINT"]?.trim().replace(/\/+$/, "") || undefined;
  const explicitConnection = found.connectionString?.origin !== "environment" ? connection : undefined;
  const named = uri.hostSuffix !== undefined;
  const endpoint =
    parameters.endpoint ??
    (named || parameters.endpointSuffix !== undefined ? undefined : (connection?.blobEndpoint ?? fromEnvironment));
  const accountSetting = found.account?.origin === "environment" ? undefined : found.account?.value;
  const account =
    uri.account ??
    accountSetting ??
    explicitConnection?.account ??
    (endpoint === undefined ? undefined : accountInEndpoint(endpoint)) ??
    connection?.account ??
    found.account?.value;
  const suffix = parameters.endpointSuffix ?? connection?.endpointSuffix;
  const settings: AzureSettings = {
    endpoint,
    endpointTrusted: endpoint !== undefined && endpoint !== parameters.endpoint && explicitConnection === undefined,
    hostSuffix: suffix === undefined ? publicSuffix : `blob.${suffix}`,
    account,
    rangeChecksums: parameters.rangeChecksums ?? "auto",
  };
  addressOf(settings, uri);
  return settings;
}

/**
 * The address of a URI's account.
 *
 * @throws StorageError `config_invalid` when nothing names the account, or the endpoint is another account's.
 */
export function addressOf(settings: AzureSettings, uri: AzureUri): AccountAddress {
  const account = uri.account ?? settings.account;
  const context = { operation: "open storage", uri } as const;
  if (account === undefined) {
    throw azureError(
      "config_invalid",
      context,
      "the storage account is not known",
      `Write azure://{account}/${uri.container}/{prefix}, or keep az://${uri.container}/{prefix} and set the parameter account (or AZURE_STORAGE_ACCOUNT).`,
    );
  }
  const { endpoint } = settings;
  if (endpoint === undefined) return { account, url: `https://${account}.${uri.hostSuffix ?? settings.hostSuffix}` };
  const owner = accountInEndpoint(endpoint);
  if (owner !== undefined && owner !== account) {
    const hint = "Leave the account out in one of the two, or name the same one.";
    throw azureError("config_invalid", context, `the endpoint is that of account ${owner}, not of ${account}`, hint);
  }
  return { account, url: owner === undefined && hasPathStyle(endpoint) ? `${endpoint}/${account}` : endpoint };
}

/** The account that an endpoint names: first label of a blob host, or the only segment of its path. */
function accountInEndpoint(endpoint: string): string | undefined {
  const { hostname, pathname } = new URL(endpoint);
  const segment = pathname.split("/").find((part) => part !== "");
  if (segment !== undefined) return segment;
  return isIP(hostname.replace(/^\[|\]$/g, "")) === 0
    ? /^([a-z0-9]{3,24})\.(?:.+\.)?blob\./.exec(hostname)?.[1]
    : undefined;
}

/** Emulators and stores in a cluster are reached by address or bare name: the account stands in the path. */
function hasPathStyle(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return isIP(hostname.replace(/^\[|\]$/g, "")) !== 0 || !hostname.includes(".");
}

/**
 * Refuses to show a login where it does not belong: this machine's own to an address that a model's manifest names, and
 * tokens and signatures over a line that anybody can read.
 */
export function checkDestination(
  { url }: AccountAddress,
  settings: Pick<AzureSettings, "endpointTrusted">,
  login: { readonly authType: string; readonly ambient: boolean },
  uri: AzureUri,
): void {
  const { hostname, protocol } = new URL(url);
  const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  if (loopback || login.authType === "anonymous") return;
  const context = { operation: "open storage", uri } as const;
  if (protocol === "http:" && login.authType !== "account_key") {
    const hint = "Use an https:// endpoint, or auth account_key.";
    throw azureError("config_invalid", context, `auth ${login.authType} is not sent over plain http`, hint);
  }
  if (!login.ambient || settings.endpointTrusted || microsoftHost.test(hostname)) return;
  throw azureError(
    "config_invalid",
    context,
    `the login of this machine (auth ${login.authType}) is not sent to ${hostname}, which is none of Azure's hosts`,
    "Give a login with the model (Secret), or let the operator set AZURE_STORAGE_SERVICE_ENDPOINT.",
  );
}
