import type { AuthRequest } from "../auth-request.ts";
import { chooseToken } from "../choose-token.ts";
import type { TokenSettings } from "../token-credentials.ts";
import { hubAddress } from "./hub-address.ts";
import { hubTokenPath, isOn } from "./hub-home.ts";
import { huggingfaceAuthSettings } from "./parameters.ts";

type Input = Pick<AuthRequest<"huggingface">, "parameters" | "env" | "secret">;

/**
 * Which token is sent: of the parameters, of the Secret, `HF_TOKEN` (`HUGGING_FACE_HUB_TOKEN`), the file `HF_TOKEN_PATH` or
 * `$HF_HOME/token`, none. `HF_HUB_DISABLE_IMPLICIT_TOKEN` leaves the first two.
 *
 * @throws StorageError `config_invalid`, see {@link chooseToken}.
 */
export function chooseHuggingFaceSettings(input: Input): TokenSettings {
  const { env } = input;
  return chooseToken("huggingface", input, {
    table: huggingfaceAuthSettings,
    implicit: !isOn(env["HF_HUB_DISABLE_IMPLICIT_TOKEN"]),
    ownAddress: !hubAddress(input).foreign,
    tokenFile: { path: hubTokenPath(env), key: env["HF_TOKEN_PATH"] ? "HF_TOKEN_PATH" : undefined },
  });
}
