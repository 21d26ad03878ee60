import type { AuthRequest } from "../auth-request.ts";
import { chooseToken } from "../choose-token.ts";
import type { TokenSettings } from "../token-credentials.ts";
import { apiAddress } from "./api-address.ts";
import { githubAuthSettings } from "./parameters.ts";

type Input = Pick<AuthRequest<"github">, "parameters" | "env" | "secret">;

/**
 * Which token is sent: of the parameters, of the Secret, `GH_TOKEN`, `GITHUB_TOKEN`, none.
 *
 * @throws StorageError `config_invalid`, see {@link chooseToken}.
 */
export function chooseGithubSettings(input: Input): TokenSettings {
  const ownAddress = !apiAddress(input).foreign;
  return chooseToken("github", input, { table: githubAuthSettings, implicit: true, ownAddress, tokenFile: undefined });
}
