import type { AuthRequest } from "../auth-request.ts";
import { createTokenCredentials } from "../token-credentials.ts";
import { chooseGithubSettings } from "./choose-settings.ts";
import type { GithubCredentials } from "./credentials.ts";
import { identifyGithub } from "./identify.ts";

/**
 * Credentials for GitHub and GitHub Enterprise. Nothing is asked yet.
 *
 * @throws StorageError `config_invalid` for settings that contradict themselves.
 */
export function createGithubCredentials(request: AuthRequest<"github">): GithubCredentials {
  return createTokenCredentials(request, chooseGithubSettings(request), (token, source, signal) =>
    identifyGithub(request, token, source, signal),
  );
}
