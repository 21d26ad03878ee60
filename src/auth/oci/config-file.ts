import { homedir } from "node:os";
import { join } from "node:path";
import type { AuthRequest } from "../auth-request.ts";
import { unauthenticated } from "./auth-error.ts";
import { readText } from "./read-text.ts";

/** One profile's entries, those of DEFAULT underneath. */
export type OciProfile = ReadonlyMap<string, string>;

const operation = "read OCI profile";

/** The configuration file that is read when nothing names another. */
export function defaultConfigFile(env: AuthRequest["env"]): string {
  return expandHome("~/.oci/config", env);
}

/**
 * A profile of an OCI configuration file
 * (https://docs.oracle.com/en-us/iaas/Content/API/Concepts/sdkconfig.htm): INI, whose DEFAULT profile lends its entries to all
 * others.
 *
 * @throws StorageError `unauthenticated` when the file cannot be read or has no such profile; nothing of it is repeated but
 * the names of its profiles.
 */
export async function readProfile(path: string, profile: string): Promise<OciProfile> {
  const asked = `profile ${profile}`;
  const text = await readText(path, {
    operation,
    asked,
    what: "the configuration file",
    hint: "Mount it, name it in OCI_CONFIG_PATH, give tenancy, user and privateKey in the Secret, or use another auth type.",
  });
  const profiles = parse(text);
  const entries = profiles.get(profile);
  if (entries !== undefined) return new Map([...(profiles.get("DEFAULT") ?? []), ...entries]);
  throw unauthenticated({
    operation,
    asked,
    detail: `the configuration file ${path} has no such profile`,
    hint:
      profiles.size === 0
        ? "It has no profile at all: run `oci setup config`."
        : `Its profiles are: ${[...profiles.keys()].slice(0, 20).join(", ")}.`,
  });
}

/** `~` is the home directory of the given environment. */
export function expandHome(path: string, env: AuthRequest["env"]): string {
  return path === "~" || path.startsWith("~/") ? join(env["HOME"] || homedir(), path.slice(2)) : path;
}

function parse(text: string): Map<string, Map<string, string>> {
  const profiles = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const entry = line.trim();
    const heading = /^\[(.+)\]$/.exec(entry)?.[1]?.trim();
    if (heading !== undefined) {
      current = profiles.get(heading) ?? new Map();
      profiles.set(heading, current);
      continue;
    }
    const equals = entry.indexOf("=");
    if (entry.startsWith("#") || entry.startsWith(";") || equals <= 0) continue;
    current?.set(entry.slice(0, equals).trim(), entry.slice(equals + 1).trim());
  }
  return profiles;
}
