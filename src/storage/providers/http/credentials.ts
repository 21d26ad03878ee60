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

/**
 * Credentials from the parameters, then from the Secret's `username`, `password` and `token`. A type that is asked for
 * and whose settings are missing is an error, never an anonymous request.
 *
 * @throws StorageError `config_invalid`.
 */
export function chooseCredentials(parameters: CredentialSettings, secret: SecretValues): HttpCredentials {
  const username = parameters.username ?? secret["username"];
  const password = parameters.password ?? secret["password"];
  const token = parameters.token ?? secret["token"];
  const type = parameters.auth ?? (token !== undefined ? "bearer" : username !== undefined ? "basic" : "anonymous");
  if (type === "anonymous") return { type, authorization: undefined };
  if (type === "bearer") {
    if (token === undefined) throw missing(type, "token");
    if (!/^[\x21-\x7e]+$/.test(token.trim())) throw unusable("token", "holds characters that no HTTP header can carry");
    return { type, authorization: `Bearer ${token.trim()}` };
  }
  if (username === undefined) throw missing(type, "username");
  if (password === undefined) throw missing(type, "password");
  if (username.includes(":")) throw unusable("username", "holds a colon, which Basic authentication cannot carry");
  return { type, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
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
