import type { AuthRequest } from "../auth-request.ts";
import type { AuthTypeOf } from "../auth-types.ts";
import { resolveAuthType } from "../resolve-auth-type.ts";
import { readSettings, type Setting, type Settings, settingsError } from "../settings.ts";
import { ociAuthSettings } from "./parameters.ts";

type OciAuthType = AuthTypeOf<"oci">;
type Name = keyof typeof ociAuthSettings;
type Input = Pick<AuthRequest<"oci">, "parameters" | "secret" | "env">;

/** An API signing key that parameters and Secret give in full. */
export interface GivenKeySettings {
  readonly type: "user_principal";
  readonly from: "settings";
  readonly origin: Setting["origin"];
  readonly tenancy: string;
  readonly user: string;
  /** Checked against the key; worked out from it when undefined. */
  readonly fingerprint?: string | undefined;
  readonly privateKey: string;
  readonly passphrase?: string | undefined;
}

/** A profile of the configuration file: an API signing key, or a session token. */
export interface ProfileSettings {
  readonly type: "user_principal" | "session_token";
  readonly from: "profile";
  readonly configFile: string | undefined;
  readonly profile: string;
  /** Stands above the profile's own. */
  readonly passphrase?: string | undefined;
}

export type OciAuthSettings = (
  | { readonly type: "instance_principal" | "resource_principal" | "workload_identity" }
  | GivenKeySettings
  | ProfileSettings
) & {
  /** Region that parameters, Secret or environment name. */
  readonly region?: string | undefined;
};

const keyNames = ["tenancy", "user", "fingerprint", "privateKey"] as const;
const profileNames = ["configFile", "profile"] as const;

/** Which settings each type understands, besides `region`; any other one among the parameters is a contradiction. */
const used: Readonly<Record<OciAuthType, readonly Name[]>> = {
  instance_principal: [],
  user_principal: [...keyNames, ...profileNames, "passphrase", "useSessionToken"],
  resource_principal: [],
  workload_identity: [],
  session_token: [...profileNames, "passphrase", "useSessionToken"],
};

/**
 * Decides from the settings alone who logs in. Without `auth` the explicit settings decide: parts of an API key or a profile
 * mean `user_principal`, none of these `instance_principal`. `useSessionToken` turns a profile's login into `session_token`.
 *
 * @throws StorageError `config_invalid` for an unknown type, an incomplete key, and parameters that the type does not use.
 */
export function chooseOciSettings(input: Input): OciAuthSettings {
  const settings = readSettings(ociAuthSettings, { provider: "oci", ...input });
  const type = effectiveType(settings);
  refuseUnused(settings, type);
  const region = settings.region?.value.toLowerCase();
  if (type === "user_principal" && keyNames.some((name) => explicit(settings[name]))) {
    return { ...givenKey(settings), region };
  }
  if (type === "user_principal" || type === "session_token") {
    return {
      type,
      from: "profile",
      configFile: settings.configFile?.value,
      profile: settings.profile?.value ?? "DEFAULT",
      passphrase: settings.passphrase?.value,
      region,
    };
  }
  return { type, region };
}

type OciSettings = Settings<typeof ociAuthSettings>;

function effectiveType(settings: OciSettings): OciAuthType {
  const implied = [...keyNames, ...profileNames].some((name) => explicit(settings[name]));
  const type = resolveAuthType("oci", settings.auth?.value) ?? (implied ? "user_principal" : "instance_principal");
  const session = settings.useSessionToken?.value.toLowerCase() === "true";
  return type === "user_principal" && session ? "session_token" : type;
}

function givenKey(settings: OciSettings): GivenKeySettings {
  const missing = (["tenancy", "user", "privateKey"] as const).filter((name) => !explicit(settings[name]));
  const { tenancy, user, privateKey } = settings;
  if (missing.length > 0 || tenancy === undefined || user === undefined || privateKey === undefined) {
    const present = keyNames.map((name) => settings[name]).find(explicit);
    throw settingsError(
      "oci",
      `auth user_principal: ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing beside ${present?.key ?? "the others"}`,
      "Give tenancy, user and privateKey together, best in the Secret; or none of them, to use the configuration file.",
    );
  }
  const { fingerprint, passphrase } = settings;
  return {
    type: "user_principal",
    from: "settings",
    origin: privateKey.origin,
    tenancy: tenancy.value,
    user: user.value,
    fingerprint: explicit(fingerprint) ? fingerprint?.value.toLowerCase() : undefined,
    privateKey: privateKey.value,
    passphrase: passphrase?.value,
  };
}

function refuseUnused(settings: OciSettings, type: OciAuthType): void {
  for (const [name, setting] of Object.entries(settings)) {
    if (name === "auth" || name === "region" || setting?.origin !== "parameters") continue;
    if (used[type].includes(name as Name)) continue;
    const users = Object.entries(used).flatMap(([other, names]) => (names.includes(name as Name) ? [other] : []));
    throw settingsError(
      "oci",
      `${setting.key} has no meaning with auth ${type}`,
      `Remove it, or use auth ${users.join(" or ")}.`,
    );
  }
}

function explicit(setting: Setting | undefined): boolean {
  return setting !== undefined && setting.origin !== "environment";
}
