import type { AuthRequest } from "../auth-request.ts";
import { settingsError } from "../settings.ts";

/** Which Hub is meant, and who says so. */
export interface HubAddress {
  /** `https://host[:port][/path]` without a trailing slash. */
  readonly endpoint: string;
  /** It is Hugging Face's own service, not a mirror. */
  readonly official: boolean;
  /** A manifest or command line names it, and the environment names another. */
  readonly foreign: boolean;
}

const officialEndpoint = "https://huggingface.co";
const officialHost = /^(?:[a-z0-9-]+\.)*(?:huggingface\.co|hf\.co)$/;

/**
 * The Hub's address: `parameters.endpoint`, else `HF_ENDPOINT`, else Hugging Face's own.
 *
 * @throws StorageError `config_invalid` when `HF_ENDPOINT` is no http or https URL.
 */
export function hubAddress({ parameters, env }: Pick<AuthRequest, "parameters" | "env">): HubAddress {
  const fromEnvironment = environmentEndpoint(env);
  const given = typeof parameters["endpoint"] === "string" ? withoutSlash(parameters["endpoint"]) : undefined;
  const endpoint = given ?? fromEnvironment;
  const { hostname, protocol } = new URL(endpoint);
  return {
    endpoint,
    official: protocol === "https:" && officialHost.test(hostname),
    foreign: endpoint !== fromEnvironment,
  };
}

function environmentEndpoint(env: AuthRequest["env"]): string {
  const value = withoutSlash(env["HF_ENDPOINT"]?.trim() ?? "");
  if (value === "") return officialEndpoint;
  if (/^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(value) && URL.canParse(value)) return value;
  throw settingsError("huggingface", "HF_ENDPOINT is no http:// or https:// URL", "Correct HF_ENDPOINT, or unset it.");
}

function withoutSlash(text: string): string {
  return text.trim().replace(/\/+$/, "");
}
