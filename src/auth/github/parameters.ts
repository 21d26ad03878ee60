import { parameterShape, type SettingTable } from "../settings.ts";

/** The settings of GitHub logins. */
export const githubAuthSettings = {
  auth: { aliases: ["authType", "auth_type"] },
  token: { env: ["GH_TOKEN", "GITHUB_TOKEN"], confidential: true },
} as const satisfies SettingTable;

/** Zod shape of the parameters that choose a GitHub login; spread it into a provider's `z.strictObject`. */
export const githubAuthParameters = parameterShape(githubAuthSettings);
