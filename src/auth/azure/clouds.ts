import type { AuthRequest } from "../auth-request.ts";
import { settingsError } from "../settings.ts";

/** Logins by cloud; sovereign clouds are recognised by the suffix of their storage hosts. */
const authorities: readonly { readonly suffix: string; readonly authority: string }[] = [
  { suffix: "core.chinacloudapi.cn", authority: "https://login.chinacloudapi.cn" },
  { suffix: "core.usgovcloudapi.net", authority: "https://login.microsoftonline.us" },
];
const publicAuthority = "https://login.microsoftonline.com";

/** What tokens are asked for: storage accounts of every cloud take this one. */
export const storageResource = "https://storage.azure.com";
export const storageScope = `${storageResource}/.default`;

/**
 * Address of Microsoft Entra: `AZURE_AUTHORITY_HOST`, else that of the cloud that the storage is in.
 *
 * @throws StorageError `config_invalid` for an address that is no https URL.
 */
export function authorityHost({ env, region }: Pick<AuthRequest, "env" | "region">): string {
  const given = env["AZURE_AUTHORITY_HOST"]?.trim().replace(/\/+$/, "");
  if (!given) return authorities.find(({ suffix }) => region?.endsWith(suffix))?.authority ?? publicAuthority;
  if (URL.canParse(given) && new URL(given).protocol === "https:") return given;
  throw settingsError("azure", "AZURE_AUTHORITY_HOST is not an https URL", "Correct the variable, or unset it.");
}
