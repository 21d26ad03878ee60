import { parameterShape, type SettingTable } from "../settings.ts";

/**
 * The settings of AWS logins. Left out on purpose, so that a manifest cannot make the agent run a command or send a token to
 * an address of its choice: the command of `process`, the container endpoint and the STS endpoint come from the environment
 * only.
 */
export const awsAuthSettings = {
  auth: { aliases: ["authType", "auth_type"] },
  accessKeyId: {
    aliases: ["access_key_id"],
    env: ["AWS_ACCESS_KEY_ID"],
    secretKeys: ["awsAccessKeyID", "accesskey"],
    confidential: true,
  },
  secretAccessKey: {
    aliases: ["secret_access_key"],
    env: ["AWS_SECRET_ACCESS_KEY"],
    secretKeys: ["awsSecretAccessKey", "secretkey"],
    confidential: true,
  },
  sessionToken: { aliases: ["session_token"], env: ["AWS_SESSION_TOKEN"], confidential: true },
  roleArn: {
    aliases: ["role_arn"],
    env: ["AWS_ROLE_ARN"],
    pattern: {
      test: /^arn:[^:]+:iam:[^:]*:[^:]*:role\/.+$/,
      words: "a role ARN such as arn:aws:iam::123456789012:role/name",
    },
  },
  roleSessionName: {
    aliases: ["role_session_name"],
    env: ["AWS_ROLE_SESSION_NAME"],
    pattern: { test: /^[\w+=,.@-]{2,64}$/, words: "2 to 64 letters, digits or any of _+=,.@-" },
  },
  externalId: {
    aliases: ["external_id"],
    pattern: { test: /^[\w+=,.@:/-]{2,1224}$/, words: "2 to 1224 letters, digits or any of _+=,.@:/-" },
    confidential: true,
  },
  durationSeconds: {
    aliases: ["duration_seconds"],
    pattern: {
      test: /^(9\d\d|[1-9]\d{3}|[1-3]\d{4}|4[0-2]\d{3}|43[01]\d\d|43200)$/,
      words: "a whole number from 900 to 43200",
    },
  },
  sourceAuth: { aliases: ["source_auth"] },
  webIdentityTokenFile: {
    aliases: ["web_identity_token_file", "tokenFile", "token_file"],
    env: ["AWS_WEB_IDENTITY_TOKEN_FILE"],
  },
  profile: { env: ["AWS_PROFILE"] },
} as const satisfies SettingTable;

/** Zod shape of the parameters that choose an AWS login; spread it into a provider's `z.strictObject`. */
export const awsAuthParameters = parameterShape(awsAuthSettings);
