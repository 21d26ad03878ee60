import { StorageError } from "../../../errors.ts";
import type { SecretValues } from "../../provider-definition.ts";

/** How requests say who asks. `authorization` is the header's value: secret. */
export interface HttpCredentials {
  readonly type: "anonymous" | "basic" | "bearer";
  readonly authorization: string | undefined;
}

export interface CredentialSettings {
  readonly auth?: HttpCredentials["type"] | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

/** The settings that each type uses. */
const used: Readonly<Record<HttpCredentials["type"], readonly (keyof CredentialSettings)[]>> = {
  anonymous: [],
  basic: ["username", "password"],
  bearer: ["token"],
};

/**
 * Credentials from the parameters, then from the Secret's `username`, `password` and `token`. A type that is asked for
 * and whose settings are missing is an error, never an anonymous request; so is a parameter that the type does not use.
 *
 * @throws StorageError `config_invalid`.
 */
export function chooseCredentials(parameters: CredentialSettings, secret: SecretValues): HttpCredentials {
  const type = parameters.auth ?? typeOf(parameters) ?? typeOf(secret) ?? "anonymous";
  for (const name of ["username", "password", "token"] as const) {
    if (parameters[name] !== undefined && !used[type].includes(name)) throw unused(type, name);
  }
  const [username, password, token] = (["username", "password", "token"] as const).map(
    (name) => parameters[name] ?? secret[name],
  );
  if (type === "anonymous") return { type, authorization: undefined };
  if (type === "bearer") {
    if (token === undefined) throw missing(type, "token");
    if (!/^[\x21-\x7e]+$/.test(token.trim())) throw unusable("token", "holds characters that no HTTP header can carry");
    return { type, authorization: `Bearer ${token.trim()}` };
  }
  if (username === undefined) throw missing(type, "username");
  if (password === undefined) throw missing(type, "password");
  if (username.includes(":")) throw unusable("username", "holds a colon, which Basic authentication cannot carry");
  const pair = `${withoutLineBreak(username)}:${withoutLineBreak(password)}`;
  return { type, authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** The type that settings from one place point to; a token stands above a password. */
function typeOf(settings: CredentialSettings | SecretValues): HttpCredentials["type"] | undefined {
  if (settings.token !== undefined) return "bearer";
  return settings.username === undefined && settings.password === undefined ? undefined : "basic";
}

/** Values of a Secret may end in a line break. */
function withoutLineBreak(value: string): string {
  return value.replace(/\r?\n$/, "");
}

function unused(type: string, name: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read credentials",
    provider: "http",
    target: `parameters.${name}`,
    detail: `auth ${type} does not use a ${name}`,
    hint: `Leave it out, or set parameters.auth to ${name === "token" ? "bearer" : "basic"}.`,
  });
}

function missing(type: string, name: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read credentials",
    provider: "http",
    target: `parameters.${name}`,
    detail: `auth ${type} needs a ${name}`,
    hint: `Give it as parameters.${name} or as the Secret's entry ${name}.`,
  });
}

function unusable(name: string, problem: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read credentials",
    provider: "http",
    target: `parameters.${name}`,
    detail: `the ${name} ${problem}`,
    hint: "Check for a line break or a value that was pasted wrongly.",
  });
}
