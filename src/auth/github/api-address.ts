import type { AuthRequest } from "../auth-request.ts";
import { settingsError } from "../settings.ts";

/** Which GitHub is meant, and who says so. */
export interface ApiAddress {
  /** Root of the REST API without a trailing slash, such as `https://api.github.com` or `https://ghe.example/api/v3`. */
  readonly endpoint: string;
  /** A manifest or command line names it, and the environment names another. */
  readonly foreign: boolean;
}

const publicApi = "https://api.github.com";

/**
 * The API's address: `parameters.endpoint`, else `GITHUB_API_URL`, else `https://api.github.com`.
 *
 * @throws StorageError `config_invalid` when `GITHUB_API_URL` is no http or https URL.
 */
export function apiAddress({ parameters, env }: Pick<AuthRequest, "parameters" | "env">): ApiAddress {
  const fromEnvironment = environmentApi(env);
  const given = typeof parameters["endpoint"] === "string" ? withoutSlash(parameters["endpoint"]) : undefined;
  const endpoint = given ?? fromEnvironment;
  return { endpoint, foreign: endpoint !== fromEnvironment };
}

function environmentApi(env: AuthRequest["env"]): string {
  const value = withoutSlash(env["GITHUB_API_URL"]?.trim() ?? "");
  if (value === "") return publicApi;
  if (/^https?:\/\/[^/?#@\s]+(?:\/[^?#\s]*)?$/i.test(value) && URL.canParse(value)) return value;
  throw settingsError("github", "GITHUB_API_URL is no http:// or https:// URL", "Correct GITHUB_API_URL, or unset it.");
}

function withoutSlash(text: string): string {
  return text.trim().replace(/\/+$/, "");
}
