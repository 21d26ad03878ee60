import { isAbsolute } from "node:path";
import type { AuthRequest } from "../auth-request.ts";
import { settingsError } from "../settings.ts";
import { unauthenticated } from "./auth-error.ts";
import type { OciHome } from "./credentials.ts";
import type { KeySource } from "./loaded-key.ts";
import { readPrivateKey } from "./private-key.ts";
import { readText } from "./read-text.ts";
import { readTokenClaims, tokenIdentity } from "./session-token.ts";

const fields = { operation: "read resource principal", asked: "the resource's principal" };
const names = {
  version: "OCI_RESOURCE_PRINCIPAL_VERSION",
  token: "OCI_RESOURCE_PRINCIPAL_RPST",
  key: "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM",
  passphrase: "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE",
} as const;
const hint = "Run where Oracle Cloud provides resource principals (functions, jobs), or use another auth type.";

/**
 * Resource principal 2.2: the service that runs this process put a session token and its key into environment variables, or
 * into files that it replaces and that are therefore read anew each time
 * (https://docs.oracle.com/en-us/iaas/Content/API/Concepts/sdk_authentication_methods.htm).
 *
 * @throws StorageError `config_invalid` when the variables are incomplete, `unsupported` for another version.
 */
export function resourcePrincipalSource({ env, clock }: Pick<AuthRequest, "env" | "clock">): KeySource {
  const version = env[names.version];
  if (!version) throw settingsError("oci", `auth resource_principal: ${names.version} is not set`, hint);
  if (version !== "2.2") {
    throw unauthenticated({
      ...fields,
      code: "unsupported",
      detail: `version ${version.slice(0, 20)} of resource principals is not supported`,
      hint: "Version 2.2 is; elsewhere use instance_principal or workload_identity.",
    });
  }
  const [token, key, passphrase] = [env[names.token], env[names.key], env[names.passphrase] || undefined];
  if (!token || !key) {
    throw settingsError("oci", `auth resource_principal: ${token ? names.key : names.token} is not set`, hint);
  }
  if (passphrase !== undefined && isAbsolute(passphrase) !== isAbsolute(key)) {
    const detail = `${names.key} and ${names.passphrase} are not both paths, or both values`;
    throw settingsError("oci", detail, "Give both as files, or both as values.");
  }
  const home = resourcePrincipalHome(env);
  return async () => {
    const text = await settingValue(token, "the session token file");
    const claims = readTokenClaims(text, clock.now(), { ...fields, renew: hint });
    const pem = await settingValue(key, "the key file");
    const phrase = passphrase === undefined ? undefined : await settingValue(passphrase, "the pass phrase file");
    const { expiration } = claims;
    return {
      key: { keyId: `ST$${text}`, privateKey: readPrivateKey(pem, phrase, fields), expiration },
      identity: tokenIdentity(claims, "resource principal"),
      home,
      expiration,
    };
  };
}

/** The region that the environment gives to principals of resources and of workloads. */
export function resourcePrincipalHome(env: AuthRequest["env"]): OciHome | undefined {
  const region = env["OCI_RESOURCE_PRINCIPAL_REGION"]?.trim().toLowerCase();
  return region ? { region } : undefined;
}

/** A variable's value, or the content of the file that it names. */
async function settingValue(setting: string, what: string): Promise<string> {
  return isAbsolute(setting) ? readText(setting, { ...fields, what, hint }) : setting.trim();
}
