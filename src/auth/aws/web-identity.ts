import { readFile } from "node:fs/promises";
import { unauthenticated } from "./auth-error.ts";
import type { WebIdentitySettings } from "./choose-settings.ts";
import { type KeySource, loadedKeys } from "./loaded-keys.ts";
import type { Sts } from "./sts.ts";

/** IAM roles for service accounts: the projected token, read anew each time because the kubelet rotates it, for a role's keys. */
export function webIdentitySource(settings: WebIdentitySettings, sts: Sts): KeySource {
  return async (signal) => {
    const token = await readTokenFile(settings.tokenFile, settings.roleArn);
    const keys = await sts.assumeRoleWithWebIdentity(token, settings, signal);
    return loadedKeys(keys, `web identity for ${settings.roleArn}`);
  };
}

/**
 * Content of a projected token file.
 *
 * @throws StorageError `unauthenticated` when it is missing, unreadable or empty.
 */
export async function readTokenFile(path: string, asked: string): Promise<string> {
  const operation = "read token file";
  let token: string;
  try {
    token = (await readFile(path, "utf8")).trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "error";
    throw unauthenticated({
      operation,
      asked,
      detail: `the token file ${path} ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`,
      hint:
        code === "EACCES"
          ? "Let the container's user read projected tokens: set securityContext.fsGroup on the pod."
          : "Check that the pod runs under the annotated service account, and restart pods that are older than the annotation.",
      cause,
    });
  }
  if (token !== "") return token;
  throw unauthenticated({
    operation,
    asked,
    detail: `the token file ${path} is empty`,
    hint: "Check the projected volume of the service account's token.",
  });
}
