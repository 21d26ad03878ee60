import { access } from "node:fs/promises";
import { join } from "node:path";
import type { GcpAuthSettings } from "./choose-settings.ts";
import { parseCredentialFile, readCredentialFile } from "./credential-file.ts";
import { fileSource, fileTypes } from "./file-source.ts";
import { impersonatedSource, impersonationOf } from "./impersonation.ts";
import type { TokenSource } from "./loaded-token.ts";
import { metadataServerSource } from "./metadata-server.ts";
import type { GcpLoginContext } from "./token-service.ts";

/** The source of tokens that the settings choose. Files are read anew for every login: they are rotated. */
export function tokenSource(context: GcpLoginContext, settings: GcpAuthSettings): TokenSource {
  const own = ownSource(context, settings);
  const { impersonate } = settings;
  return impersonate === undefined ? own : impersonatedSource(context, impersonationOf(impersonate), own);
}

function ownSource(context: GcpLoginContext, { type, keyFile, keyJson }: GcpAuthSettings): TokenSource {
  const types =
    type === "service_account"
      ? ["service_account"]
      : type === "workload_identity"
        ? ["external_account", "impersonated_service_account"]
        : fileTypes;
  const allowed = { types, auth: type };
  if (keyJson !== undefined) {
    return fileSource(context, parseCredentialFile(keyJson.value, keyJson.key), allowed);
  }
  const read = async (path: string, setting: string): Promise<TokenSource> =>
    fileSource(context, await readCredentialFile(path, setting), allowed);
  if (keyFile !== undefined) return async (signal) => (await read(keyFile.value, keyFile.key))(signal);
  if (type === "workload_identity") return metadataServerSource(context, []);
  const path = gcloudFile(context.env);
  const metadata = metadataServerSource(context, [
    "GOOGLE_APPLICATION_CREDENTIALS is not set",
    path === undefined ? "there is no home directory" : `${path} does not exist`,
  ]);
  return async (signal) => {
    const found = path !== undefined && (await exists(path));
    return found ? (await read(path, "gcloud's own place"))(signal) : metadata(signal);
  };
}

/** Where `gcloud auth application-default login` puts its file. */
function gcloudFile(env: GcpLoginContext["env"]): string | undefined {
  const name = "application_default_credentials.json";
  const configuration = env["CLOUDSDK_CONFIG"];
  if (configuration) return join(configuration, name);
  const windows = env["APPDATA"];
  if (process.platform === "win32" && windows) return join(windows, "gcloud", name);
  const home = env["HOME"];
  return home ? join(home, ".config", "gcloud", name) : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    // One that is there and closed to us is a login that fails, not one that is missing.
    return !["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}
