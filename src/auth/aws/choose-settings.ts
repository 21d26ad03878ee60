import type { AuthRequest } from "../auth-request.ts";
import type { AuthTypeOf } from "../auth-types.ts";
import { resolveAuthType } from "../resolve-auth-type.ts";
import { readSettings, type Setting, type SettingSpec, type Settings, settingsError } from "../settings.ts";
import type { AwsKeys } from "./credentials.ts";
import { awsAuthSettings } from "./parameters.ts";

type AwsAuthType = AuthTypeOf<"aws">;
type Name = keyof typeof awsAuthSettings;
type AwsSettings = Settings<typeof awsAuthSettings>;
type Input = Pick<AuthRequest<"aws">, "parameters" | "secret" | "env">;

export interface WebIdentitySettings {
  readonly type: "web_identity";
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly sessionName: string;
  readonly durationSeconds?: number | undefined;
}

/** Logins that stand on their own, and can be the source of an assumed role. */
export type AwsSourceSettings =
  | { readonly type: "iam_role" | "instance_profile" | "ecs_task_role" | "process" }
  | { readonly type: "access_key"; readonly keys: AwsKeys; readonly origin: Setting["origin"] }
  | { readonly type: "profile"; readonly profile: string };

export interface AssumeRoleSettings {
  readonly type: "assume_role";
  readonly roleArn: string;
  readonly externalId?: string | undefined;
  readonly sessionName: string;
  readonly durationSeconds?: number | undefined;
  readonly source: AwsSourceSettings;
}

export type AwsAuthSettings =
  | AwsSourceSettings
  | AssumeRoleSettings
  | WebIdentitySettings
  | { readonly type: "anonymous" };

const defaultSessionName = "ome-storage-session";

const keyNames = ["accessKeyId", "secretAccessKey", "sessionToken"] as const;

/** Which settings each type understands; any other one among the parameters is a contradiction. */
const used: Readonly<Record<AwsAuthType, readonly Name[]>> = {
  iam_role: [],
  access_key: keyNames,
  assume_role: ["roleArn", "externalId", "roleSessionName", "durationSeconds", "sourceAuth", "profile", ...keyNames],
  web_identity: ["roleArn", "webIdentityTokenFile", "roleSessionName", "durationSeconds"],
  profile: ["profile"],
  instance_profile: [],
  ecs_task_role: [],
  process: [],
  anonymous: [],
};

const sourceTypes: readonly AwsAuthType[] = [
  "iam_role",
  "access_key",
  "profile",
  "instance_profile",
  "ecs_task_role",
  "process",
];

/**
 * Decides from the settings alone who logs in. Without `auth` the explicit settings decide: a token file means
 * `web_identity`, a role `assume_role`, keys `access_key`, a profile `profile`, nothing of these `iam_role`.
 *
 * @throws StorageError `config_invalid` for an unknown type, for half a pair of keys, and for parameters that the type does
 * not use.
 */
export function chooseAwsSettings(input: Input): AwsAuthSettings {
  const settings = readSettings(awsAuthSettings, { provider: "aws", ...input });
  const type = resolveAuthType("aws", settings.auth?.value) ?? impliedType(settings);
  refuseUnused(settings, type);
  switch (type) {
    case "assume_role":
      return {
        type,
        roleArn: need(settings, "roleArn", type),
        externalId: settings.externalId?.value,
        sessionName: settings.roleSessionName?.value ?? defaultSessionName,
        durationSeconds: durationOf(settings),
        source: sourceSettings(settings),
      };
    case "web_identity":
      return {
        type,
        roleArn: need(settings, "roleArn", type),
        tokenFile: need(settings, "webIdentityTokenFile", type),
        sessionName: settings.roleSessionName?.value ?? defaultSessionName,
        durationSeconds: durationOf(settings),
      };
    case "anonymous":
      return { type };
    default:
      return simpleSettings(type, settings);
  }
}

function impliedType(settings: AwsSettings): AwsAuthType {
  if (explicit(settings.webIdentityTokenFile)) return "web_identity";
  if (explicit(settings.roleArn)) return "assume_role";
  if (keyNames.some((name) => explicit(settings[name]))) return "access_key";
  return explicit(settings.profile) ? "profile" : "iam_role";
}

function sourceSettings(settings: AwsSettings): AwsSourceSettings {
  const implied = keyNames.some((name) => explicit(settings[name]))
    ? "access_key"
    : explicit(settings.profile)
      ? "profile"
      : "iam_role";
  const type = resolveAuthType("aws", settings.sourceAuth?.value) ?? implied;
  if (!sourceTypes.includes(type)) {
    throw settingsError(
      "aws",
      `sourceAuth cannot be ${type}`,
      `Source credentials of a role: ${sourceTypes.join(", ")}.`,
    );
  }
  return simpleSettings(type as AwsSourceSettings["type"], settings);
}

function simpleSettings(type: AwsSourceSettings["type"], settings: AwsSettings): AwsSourceSettings {
  if (type === "access_key") return { type, ...readKeys(settings) };
  if (type === "profile") return { type, profile: settings.profile?.value ?? "default" };
  return { type };
}

/** The keys, all from explicit settings or all from the environment: half of each would be nobody's identity. */
function readKeys(settings: AwsSettings): { keys: AwsKeys; origin: Setting["origin"] } {
  const fromEnvironment = !keyNames.some((name) => explicit(settings[name]));
  const [id, secret, token] = keyNames.map((name) => {
    const setting = settings[name];
    return setting !== undefined && (fromEnvironment || explicit(setting)) ? setting : undefined;
  });
  if (id === undefined || secret === undefined) {
    const present = [id, secret, token].find((setting) => setting !== undefined);
    const missing = [id === undefined ? "accessKeyId" : "", secret === undefined ? "secretAccessKey" : ""].filter(
      Boolean,
    );
    throw settingsError(
      "aws",
      `auth access_key: ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing${present === undefined ? "" : ` beside ${present.key}`}`,
      "Give accessKeyId and secretAccessKey together, in the Secret, or as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    );
  }
  const keys = { accessKeyId: id.value, secretAccessKey: secret.value, sessionToken: token?.value };
  return { keys, origin: secret.origin };
}

function refuseUnused(settings: AwsSettings, type: AwsAuthType): void {
  for (const [name, setting] of Object.entries(settings)) {
    if (name === "auth" || setting?.origin !== "parameters" || used[type].includes(name as Name)) continue;
    const users = Object.entries(used).flatMap(([other, names]) => (names.includes(name as Name) ? [other] : []));
    throw settingsError(
      "aws",
      `${setting.key} has no meaning with auth ${type}`,
      `Remove it, or use auth ${users.join(" or ")}.`,
    );
  }
}

function need(settings: AwsSettings, name: Name, type: AwsAuthType): string {
  const setting = settings[name];
  if (setting !== undefined) return setting.value;
  const spec: SettingSpec = awsAuthSettings[name];
  const places = [`the parameter ${name}`, ...(spec.env ?? [])];
  throw settingsError("aws", `auth ${type} needs ${name}`, `Set ${places.join(" or ")}.`);
}

function durationOf(settings: AwsSettings): number | undefined {
  return settings.durationSeconds === undefined ? undefined : Number(settings.durationSeconds.value);
}

function explicit(setting: Setting | undefined): boolean {
  return setting !== undefined && setting.origin !== "environment";
}
