import type { GcpAuthSettings } from "../../../auth/gcp/choose-settings.ts";
import type { GcsUri } from "../../../uri/object-uri.ts";
import type { Environment } from "../../provider-definition.ts";
import { gcsError } from "./errors.ts";
import type { GcsParameters } from "./parameters.ts";

/** What a client works with, decided from URI, parameters and environment alone. */
export interface GcsSettings {
  /** Root of the API without a trailing slash. */
  readonly endpoint: string;
  /** An emulator that the environment names: it is not held to what only the service itself sends. */
  readonly emulator: boolean;
  /** Charged with every request. */
  readonly userProject: string | undefined;
  /** Charged where a bucket demands it. */
  readonly project: string | undefined;
}

interface Input {
  readonly uri: GcsUri;
  readonly parameters: GcsParameters;
  readonly env: Environment;
  readonly login: GcpAuthSettings;
}

const serviceEndpoint = "https://storage.googleapis.com";

/**
 * Chooses the endpoint and who pays. The node's own login is not sent to an address that only a manifest names: such an endpoint
 * takes a key that comes with the manifest, or anonymous access.
 *
 * @throws StorageError `config_invalid` for contradictions, and for an emulator's address that is none.
 */
export function chooseSettings({ uri, parameters, env, login }: Input): GcsSettings {
  const emulator = parameters.endpoint === undefined ? emulatorEndpoint(uri, env) : undefined;
  const endpoint = parameters.endpoint ?? emulator ?? serviceEndpoint;
  const project = uri.project ?? parameters.project;
  const { userProject = parameters.requesterPays === true ? project : undefined } = parameters;
  if (parameters.requesterPays === true && userProject === undefined) {
    throw invalid(uri, "requesterPays needs a project", "Write gcp://{project}/{bucket}/…, or set project.");
  }
  if (parameters.endpoint !== undefined && !login.brought && !isGoogle(endpoint) && endpoint !== emulatorOf(env)) {
    throw invalid(
      uri,
      `the login of this machine is not sent to ${new URL(endpoint).host}, which is no address of Google`,
      "Give a key in the Secret (keyJson), use auth anonymous, or have the environment name the address (STORAGE_EMULATOR_HOST).",
    );
  }
  return { endpoint, emulator: emulator !== undefined, userProject, project };
}

/** True where requests go to an emulator that the environment names; logins are then made only when asked for. */
export function usesEmulator(parameters: { readonly endpoint?: string | undefined }, env: Environment): boolean {
  return parameters.endpoint === undefined && (env["STORAGE_EMULATOR_HOST"]?.trim() ?? "") !== "";
}

function emulatorEndpoint(uri: GcsUri, env: Environment): string | undefined {
  if (!usesEmulator({}, env)) return undefined;
  const endpoint = emulatorOf(env);
  if (endpoint !== undefined) return endpoint;
  throw invalid(uri, "STORAGE_EMULATOR_HOST is no address", "Set it to host:port or http://host:port, or unset it.");
}

function emulatorOf(env: Environment): string | undefined {
  const text = env["STORAGE_EMULATOR_HOST"]?.trim().replace(/\/+$/, "") ?? "";
  if (text === "") return undefined;
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(url) ? url.replace(/\/storage\/v1$/, "") : undefined;
}

function isGoogle(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" && (hostname === "googleapis.com" || hostname.endsWith(".googleapis.com"));
}

function invalid(uri: GcsUri, detail: string, hint: string) {
  return gcsError("config_invalid", { operation: "open storage", uri }, detail, hint);
}
