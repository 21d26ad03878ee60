import { z } from "zod";
import { StorageError } from "../errors.ts";
import type { AuthRequest } from "./auth-request.ts";
import type { AuthProvider } from "./auth-types.ts";

/** One setting of a login: its name in `parameters`, and every other place and spelling it is read from. */
export interface SettingSpec {
  /** Other spellings in `parameters` and in the Secret. */
  readonly aliases?: readonly string[];
  /** Environment variables, the first one set wins. Their names are accepted as keys of a Secret too. */
  readonly env?: readonly string[];
  /** Further keys of a Secret, such as other tools write them. */
  readonly secretKeys?: readonly string[];
  /** What a value must look like, with the words for it; checked where it is read. */
  readonly pattern?: { readonly test: RegExp; readonly words: string };
  /** Shown in full in messages unless it is confidential. */
  readonly confidential?: boolean;
}

export type SettingTable = Readonly<Record<string, SettingSpec>>;

/** Where a value was found, best first: `parameters` and Secret are explicit, the environment is not. */
export type SettingOrigin = "parameters" | "secret" | "environment";

export interface Setting {
  readonly value: string;
  readonly origin: SettingOrigin;
  /** The name it was found under, for messages. */
  readonly key: string;
}

/** The settings of a request that belong to a table: every one that is set, from its best place. */
export type Settings<T extends SettingTable> = Readonly<Partial<Record<keyof T & string, Setting>>>;

/**
 * Reads a table's settings from `parameters`, then the Secret, then the environment. Values are trimmed (a Secret made from
 * a file ends in a line break); an empty one counts as not set.
 *
 * @throws StorageError `config_invalid` when one setting stands under two spellings in one place, or has the wrong form.
 */
export function readSettings<T extends SettingTable, P extends AuthProvider>(
  table: T,
  request: Pick<AuthRequest<P>, "provider" | "parameters" | "secret" | "env">,
): Settings<T> {
  const found: Partial<Record<string, Setting>> = {};
  for (const [name, spec] of Object.entries(table)) {
    const names = [name, ...(spec.aliases ?? [])];
    const setting =
      readOne(request.provider, request.parameters, names, "parameters") ??
      readOne(
        request.provider,
        request.secret ?? {},
        [...names, ...(spec.env ?? []), ...(spec.secretKeys ?? [])],
        "secret",
      ) ??
      firstOf(request.env, spec.env ?? []);
    if (setting === undefined) continue;
    checkForm(request.provider, setting, spec);
    found[name] = setting;
  }
  return found as Settings<T>;
}

/** The zod shape of a table, for the strict parameter schema of a storage provider. */
export function parameterShape(table: SettingTable): Record<string, z.ZodType<string | undefined>> {
  const text = z.union([z.string(), z.number()], { error: "must be text" }).transform(String).optional();
  const names = Object.entries(table).flatMap(([name, spec]) => [name, ...(spec.aliases ?? [])]);
  return Object.fromEntries(names.map((name) => [name, text]));
}

/** An error about the settings themselves; nothing was asked of the provider. */
export function settingsError(provider: AuthProvider, detail: string, hint: string): StorageError {
  return new StorageError({ code: "config_invalid", operation: "read auth settings", provider, detail, hint });
}

function readOne(
  provider: AuthProvider,
  values: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  origin: "parameters" | "secret",
): Setting | undefined {
  const present = keys.filter((key) => textOf(values[key]) !== "");
  const key = present[0];
  if (key === undefined) return undefined;
  const value = textOf(values[key]);
  const other = present.find((candidate) => textOf(values[candidate]) !== value);
  if (other !== undefined) {
    const place = origin === "secret" ? "the Secret" : "parameters";
    throw settingsError(
      provider,
      `${place} has both ${key} and ${other}, with different values`,
      "Keep one of the two.",
    );
  }
  return { value, origin, key };
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
}

function firstOf(env: AuthRequest["env"], names: readonly string[]): Setting | undefined {
  for (const key of names) {
    const value = textOf(env[key]);
    if (value !== "") return { value, origin: "environment", key };
  }
  return undefined;
}

function checkForm(provider: AuthProvider, setting: Setting, spec: SettingSpec): void {
  if (spec.pattern === undefined || spec.pattern.test.test(setting.value)) return;
  const shown = spec.confidential ? "its value" : `"${setting.value}"`;
  throw settingsError(provider, `${setting.key}: ${shown} is not ${spec.pattern.words}`, `Correct ${setting.key}.`);
}
