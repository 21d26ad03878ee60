import { parameterShape, type SettingTable } from "../settings.ts";

/**
 * The settings of Google Cloud logins, with OME's names. The metadata server's address comes from the environment only, so that
 * a manifest cannot have a token sent to an address of its choice.
 */
export const gcpAuthSettings = {
  auth: { aliases: ["authType", "auth_type"] },
  keyFile: {
    aliases: ["key_file", "credentialsFile", "credentials_file", "serviceAccountKeyFile"],
    env: ["GOOGLE_APPLICATION_CREDENTIALS"],
  },
  keyJson: {
    aliases: ["key_json", "serviceAccountKey", "service_account_key"],
    secretKeys: ["key.json", "credentials.json", "service-account.json", "key"],
    confidential: true,
  },
  impersonateServiceAccount: {
    aliases: ["impersonate_service_account"],
    pattern: { test: /^[^@\s/?#]+@[^@\s/?#]+$/, words: "a service account's e-mail address" },
  },
  quotaProject: {
    aliases: ["quota_project"],
    env: ["GOOGLE_CLOUD_QUOTA_PROJECT"],
    pattern: { test: /^[a-z0-9][a-z0-9.:-]{1,98}$/, words: "a project id such as my-project" },
  },
} as const satisfies SettingTable;

/** Zod shape of the parameters that choose a Google Cloud login; spread it into a provider's `z.strictObject`. */
export const gcpAuthParameters = parameterShape(gcpAuthSettings);
