import type { AuthRequest } from "../auth-request.ts";
import type { AuthTypeOf } from "../auth-types.ts";
import { resolveAuthType } from "../resolve-auth-type.ts";
import { readSettings, type Setting, settingsError } from "../settings.ts";
import { gcpAuthSettings } from "./parameters.ts";

type GcpAuthType = AuthTypeOf<"gcp">;
type Name = keyof typeof gcpAuthSettings;
type Input = Pick<AuthRequest<"gcp">, "parameters" | "secret" | "env">;

/** Who logs in, as the settings alone decide it. */
export interface GcpAuthSettings {
  readonly type: GcpAuthType;
  /** A credential file; undefined where `keyJson` is given or the type's own places are searched. */
  readonly keyFile: Setting | undefined;
  /** Content of a service account's key file. Secret. */
  readonly keyJson: Setting | undefined;
  /** E-mail address of the service account that the login takes on. */
  readonly impersonate: string | undefined;
  readonly quotaProject: string | undefined;
  /** Nothing but the manifest and its Secret decides who it is: not the node's files, variables and metadata. */
  readonly brought: boolean;
}

/** Which settings each type understands; any other one among the parameters is a contradiction. */
const used: Readonly<Record<GcpAuthType, readonly Name[]>> = {
  application_default: ["keyFile", "impersonateServiceAccount", "quotaProject"],
  service_account: ["keyFile", "keyJson", "impersonateServiceAccount", "quotaProject"],
  workload_identity: ["keyFile", "impersonateServiceAccount", "quotaProject"],
  anonymous: [],
};

/**
 * Decides from the settings alone who logs in. Without `auth`, a key that parameters or Secret give means `service_account`, else
 * `application_default`.
 *
 * @throws StorageError `config_invalid` for an unknown type, a missing key, and parameters that the type does not use.
 */
export function chooseGcpSettings(input: Input): GcpAuthSettings {
  const settings = readSettings(gcpAuthSettings, { provider: "gcp", ...input });
  const { keyFile, keyJson } = settings;
  const implied = explicit(keyFile) || explicit(keyJson) ? "service_account" : "application_default";
  const type = resolveAuthType("gcp", settings.auth?.value) ?? implied;
  for (const [name, setting] of Object.entries(settings)) {
    if (name === "auth" || setting?.origin !== "parameters" || used[type].includes(name as Name)) continue;
    const users = Object.entries(used).flatMap(([other, names]) => (names.includes(name as Name) ? [other] : []));
    throw settingsError(
      "gcp",
      `${setting.key} has no meaning with auth ${type}`,
      `Remove it, or use auth ${users.join(" or ")}.`,
    );
  }
  const key = type === "service_account" ? keyJson : undefined;
  if (key !== undefined && explicit(keyFile)) {
    throw settingsError("gcp", `both ${key.key} and ${keyFile?.key} are given`, "Keep one of the two.");
  }
  if (type === "service_account" && key === undefined && keyFile === undefined) {
    throw settingsError(
      "gcp",
      "auth service_account: there is no key",
      "Put the key file's content into the Secret (entry keyJson), or name the file by keyFile or GOOGLE_APPLICATION_CREDENTIALS.",
    );
  }
  return {
    type,
    keyFile: type === "anonymous" || key !== undefined ? undefined : keyFile,
    keyJson: key,
    impersonate: type === "anonymous" ? undefined : settings.impersonateServiceAccount?.value,
    quotaProject: settings.quotaProject?.value,
    brought: type === "anonymous" || key !== undefined,
  };
}

function explicit(setting: Setting | undefined): boolean {
  return setting !== undefined && setting.origin !== "environment";
}
