import { parameterShape, type SettingTable } from "../settings.ts";

/**
 * The settings of Oracle Cloud logins, with OME's names. The addresses of metadata, federation and proxymux services come
 * from the environment only, so that a manifest cannot have a token sent to an address of its choice.
 */
export const ociAuthSettings = {
  auth: { aliases: ["authType", "auth_type"] },
  region: {
    env: ["OCI_REGION", "OCI_CLI_REGION"],
    pattern: { test: /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/i, words: "a region such as us-ashburn-1" },
  },
  configFile: {
    aliases: ["config_file", "configPath", "config_path"],
    env: ["OCI_CONFIG_PATH", "OCI_CONFIG_FILE", "OCI_CLI_CONFIG_FILE"],
  },
  profile: { env: ["OCI_PROFILE", "OCI_CLI_PROFILE", "PROFILE"] },
  useSessionToken: {
    aliases: ["use_session_token"],
    env: ["OCI_USE_SESSION_TOKEN", "USE_SESSION_TOKEN"],
    pattern: { test: /^(?:true|false)$/i, words: "true or false" },
  },
  tenancy: {
    aliases: ["tenancyId", "tenancy_id", "tenancy_ocid"],
    pattern: { test: /^ocid1\.tenancy\.\S+$/, words: "the OCID of a tenancy (ocid1.tenancy.…)" },
  },
  user: {
    aliases: ["userId", "user_id", "user_ocid"],
    pattern: { test: /^ocid1\.\S+$/, words: "the OCID of a user (ocid1.user.…)" },
  },
  fingerprint: {
    pattern: {
      test: /^(?:[0-9a-f]{2}:){15}[0-9a-f]{2}$/i,
      words: "a fingerprint of 16 pairs of digits, such as 20:3b:97:…",
    },
  },
  privateKey: {
    aliases: ["private_key", "keyContent", "key_content"],
    secretKeys: ["key", "oci_api_key.pem"],
    confidential: true,
  },
  passphrase: {
    aliases: ["passPhrase", "pass_phrase"],
    env: ["OCI_CLI_PASSPHRASE"],
    confidential: true,
  },
} as const satisfies SettingTable;

/** Zod shape of the parameters that choose an Oracle Cloud login; spread it into a provider's `z.strictObject`. */
export const ociAuthParameters = parameterShape(ociAuthSettings);
