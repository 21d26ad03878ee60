import { parameterShape, type SettingTable } from "../settings.ts";

/** The settings of Hugging Face logins. The token file is named by the environment only: `HF_TOKEN_PATH`, `HF_HOME`. */
export const huggingfaceAuthSettings = {
  auth: { aliases: ["authType", "auth_type"] },
  token: { env: ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"], confidential: true },
} as const satisfies SettingTable;

/** Zod shape of the parameters that choose a Hugging Face login; spread it into a provider's `z.strictObject`. */
export const huggingfaceAuthParameters = parameterShape(huggingfaceAuthSettings);
