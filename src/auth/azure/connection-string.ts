import { settingsError } from "../settings.ts";

/** What a storage connection string says. Secret. */
export interface ConnectionString {
  readonly account: string | undefined;
  readonly accountKey: string | undefined;
  readonly sasToken: string | undefined;
  readonly blobEndpoint: string | undefined;
  readonly endpointSuffix: string | undefined;
}

/** Account and key of the storage emulator, which are the same everywhere and no secret. */
const emulator: ConnectionString = {
  account: "devstoreaccount1",
  accountKey: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  sasToken: undefined,
  blobEndpoint: "http://127.0.0.1:10000/devstoreaccount1",
  endpointSuffix: undefined,
};

/**
 * Reads `AccountName=…;AccountKey=…;…` (https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string).
 *
 * @throws StorageError `config_invalid` when it is none, or holds no credentials.
 */
export function parseConnectionString(text: string): ConnectionString {
  const fields = new Map(
    text.split(";").flatMap((part): [string, string][] => {
      const equals = part.indexOf("=");
      return equals < 0 ? [] : [[part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()]];
    }),
  );
  if (fields.get("usedevelopmentstorage")?.toLowerCase() === "true") return emulator;
  const read = (name: string): string | undefined => fields.get(name) || undefined;
  const protocol = read("defaultendpointsprotocol") ?? "https";
  const account = read("accountname");
  const suffix = read("endpointsuffix");
  const found: ConnectionString = {
    account,
    accountKey: read("accountkey"),
    sasToken: read("sharedaccesssignature"),
    blobEndpoint:
      read("blobendpoint")?.replace(/\/+$/, "") ??
      (protocol === "http" && account !== undefined
        ? `http://${account}.blob.${suffix ?? "core.windows.net"}`
        : undefined),
    endpointSuffix: suffix,
  };
  if (found.accountKey === undefined && found.sasToken === undefined) {
    throw settingsError(
      "azure",
      "the connection string holds neither AccountKey nor SharedAccessSignature",
      "Copy the whole connection string of the storage account (Access keys in the portal).",
    );
  }
  return found;
}
