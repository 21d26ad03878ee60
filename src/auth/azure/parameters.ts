import { parameterShape, type SettingTable } from "../settings.ts";

const guid = {
  test: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  words: "an id such as 01234567-89ab-cdef-0123-456789abcdef",
};

/**
 * The settings of Azure logins. The address of Microsoft Entra comes from the environment or from the cloud that the storage
 * is in, so that a manifest cannot have secrets sent to an address of its choice.
 */
export const azureAuthSettings = {
  auth: { aliases: ["authType", "auth_type"] },
  account: {
    aliases: ["accountName", "account_name", "storageAccount", "storage_account"],
    env: ["AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"],
    secretKeys: ["azurestorageaccountname"],
    pattern: { test: /^[a-z0-9]{3,24}$/, words: "a storage account name: 3 to 24 lower-case letters and digits" },
  },
  accountKey: {
    aliases: ["account_key"],
    env: ["AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"],
    secretKeys: ["azurestorageaccountkey"],
    pattern: { test: /^[A-Za-z0-9+/]{8,}={0,2}$/, words: "a base64 account key" },
    confidential: true,
  },
  sasToken: {
    aliases: ["sas_token", "token"],
    env: ["AZURE_STORAGE_SAS_TOKEN"],
    pattern: {
      test: /^\??(?=(?:.*&)?sig=)[^\s#]+$/,
      words: "a shared access signature (the query part only: sv=…&sig=…)",
    },
    confidential: true,
  },
  connectionString: {
    aliases: ["connection_string"],
    env: ["AZURE_STORAGE_CONNECTION_STRING"],
    confidential: true,
  },
  tenantId: {
    aliases: ["tenant_id"],
    env: ["AZURE_TENANT_ID"],
    pattern: { test: /^[\w-]+(?:\.[\w-]+)*$/, words: "a tenant id or its domain" },
  },
  clientId: { aliases: ["client_id"], env: ["AZURE_CLIENT_ID"], pattern: guid },
  clientSecret: { aliases: ["client_secret"], env: ["AZURE_CLIENT_SECRET"], confidential: true },
  clientCertificate: { aliases: ["client_certificate"], confidential: true },
  clientCertificatePath: {
    aliases: ["client_certificate_path", "certificatePath", "certificate_path"],
    env: ["AZURE_CLIENT_CERTIFICATE_PATH"],
  },
  clientCertificatePassword: {
    aliases: ["client_certificate_password", "certificatePassword", "certificate_password"],
    env: ["AZURE_CLIENT_CERTIFICATE_PASSWORD"],
    confidential: true,
  },
  federatedTokenFile: { aliases: ["federated_token_file"], env: ["AZURE_FEDERATED_TOKEN_FILE"] },
  objectId: { aliases: ["object_id", "principalId", "principal_id"], pattern: guid },
  resourceId: {
    aliases: ["resource_id", "identityResourceId"],
    pattern: {
      test: /^\/subscriptions\/[^/]+\/resource[gG]roups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i,
      words: "the resource id of a user-assigned identity (/subscriptions/…/userAssignedIdentities/name)",
    },
  },
} as const satisfies SettingTable;

/** Zod shape of the parameters that choose an Azure login; spread it into a provider's `z.strictObject`. */
export const azureAuthParameters = parameterShape(azureAuthSettings);
