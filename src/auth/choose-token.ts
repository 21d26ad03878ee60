import type { AuthRequest } from "./auth-request.ts";
import { resolveAuthType } from "./resolve-auth-type.ts";
import { readSettings, type SettingTable, settingsError } from "./settings.ts";
import type { TokenFile, TokenProvider, TokenSettings } from "./token-credentials.ts";

type Input<P extends TokenProvider> = Pick<AuthRequest<P>, "parameters" | "env" | "secret">;

/** What one provider's choice needs besides its settings. */
export interface TokenRules {
  /** Has `auth` and `token`. */
  readonly table: SettingTable & Readonly<Record<"auth" | "token", SettingTable[string]>>;
  /** Tokens of the environment, variable or file, may be used at all. */
  readonly implicit: boolean;
  /** The address comes from the environment (or is the provider's own): where the environment's token is meant for. */
  readonly ownAddress: boolean;
  readonly tokenFile: TokenFile | undefined;
}

/**
 * Decides from the settings alone which token is sent. A token of the environment goes to no address that a manifest names:
 * its author is not the agent's operator.
 *
 * @throws StorageError `config_invalid` for an unknown auth type, and for a token beside `auth: anonymous`.
 */
export function chooseToken<P extends TokenProvider>(provider: P, input: Input<P>, rules: TokenRules): TokenSettings {
  const settings = readSettings(rules.table, { provider, ...input });
  const type = resolveAuthType(provider, settings["auth"]?.value);
  const { token } = settings;
  if (type === "anonymous") {
    if (token?.origin !== "parameters") return { type };
    throw settingsError(provider, `${token.key} has no meaning with auth anonymous`, "Remove one of the two.");
  }
  const required = type === "token";
  const explicit = token !== undefined && token.origin !== "environment";
  const usable = explicit || (rules.implicit && rules.ownAddress);
  const withheld = token !== undefined && !usable && rules.implicit ? token.key : undefined;
  return {
    type: "token",
    required,
    token: usable ? token : undefined,
    tokenFile: usable && !explicit ? rules.tokenFile : undefined,
    withheld,
  };
}
