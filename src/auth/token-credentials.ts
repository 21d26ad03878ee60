import { readFile } from "node:fs/promises";
import { StorageError } from "../errors.ts";
import type { AuthRequest, CredentialsBase, Identity } from "./auth-request.ts";
import type { AuthProvider } from "./auth-types.ts";
import { createCaching, type Expiring, type ResolveOptions } from "./caching.ts";
import type { Setting } from "./settings.ts";

/** Providers whose requests carry one bearer token, or none. */
export type TokenProvider = Extract<AuthProvider, "huggingface" | "github">;

/** A login by bearer token. */
export interface TokenCredentials<P extends TokenProvider = TokenProvider> extends CredentialsBase<P> {
  /**
   * The token that is valid now; undefined for anonymous access. A token file is read again after a minute, and at once when
   * `forceRefresh` says that the token was refused.
   *
   * @throws StorageError `unauthenticated` when a token was asked for and there is none, or its file cannot be read.
   */
  resolve(options?: ResolveOptions): Promise<string | undefined>;
  /** Where the token came from when it was last looked for, in words; `no token` for anonymous access. */
  readonly source: string;
}

/** Which token is sent, as the settings alone decide it. */
export type TokenSettings =
  | { readonly type: "anonymous" }
  | {
      readonly type: "token";
      /** True when the type was asked for: without a token it is an error, not anonymous access. */
      readonly required: boolean;
      readonly token: Setting | undefined;
      /** Looked into when there is no `token`. */
      readonly tokenFile: TokenFile | undefined;
      /** Name of a setting whose token is kept back because it is meant for another address. */
      readonly withheld: string | undefined;
    };

export interface TokenFile {
  readonly path: string;
  /** The variable that names it; undefined for the place where the provider's own tools put it. */
  readonly key: string | undefined;
}

interface HeldToken extends Expiring {
  readonly value: string | undefined;
  readonly source: string;
}

/** Token files are rotated by the kubelet and by login tools. */
const fileMaxAgeMs = 60_000;

/** Credentials from settings that were chosen; `identify` asks the provider who the token belongs to. */
export function createTokenCredentials<P extends TokenProvider>(
  request: AuthRequest<P>,
  settings: TokenSettings,
  identify: (token: string, source: string, signal: AbortSignal) => Promise<Identity>,
): TokenCredentials<P> {
  const { provider, clock, logger, random, signal: ended } = request;
  let source = "no token";
  const anonymous: Identity = { kind: "anonymous", name: "anonymous", source: "settings", confirmed: true };
  if (settings.type === "anonymous") {
    return { provider, authType: "anonymous", source, resolve: async () => undefined, identify: async () => anonymous };
  }
  warnAbout(request, settings);
  const caching = createCaching<HeldToken>({
    clock,
    logger,
    random,
    signal: ended,
    maxAgeMs: settings.token === undefined ? fileMaxAgeMs : undefined,
    load: async () => {
      const held = await findToken(provider, settings);
      if (held.source !== source) logger.debug({ provider, source: held.source }, "credentials obtained");
      source = held.source;
      return held;
    },
  });
  return {
    provider,
    authType: "token",
    get source() {
      return source;
    },
    resolve: async (options) => (await caching.resolve(options)).value,
    identify: async (signal = new AbortController().signal) => {
      const held = await caching.resolve({ signal });
      return held.value === undefined
        ? { ...anonymous, source: held.source }
        : identify(held.value, held.source, signal);
    },
  };
}

function warnAbout(request: AuthRequest, { token, withheld }: Extract<TokenSettings, { type: "token" }>): void {
  const { provider, logger } = request;
  if (token?.origin === "parameters") {
    logger.warn(
      { provider },
      `parameters.${token.key} can be read by everyone who may read the manifest; use a Secret`,
    );
  }
  if (withheld !== undefined) {
    logger.warn(
      { provider, setting: withheld },
      "the token is not sent: it is meant for another address than parameters.endpoint",
    );
  }
}

async function findToken(
  provider: TokenProvider,
  settings: Extract<TokenSettings, { type: "token" }>,
): Promise<HeldToken> {
  const { token, tokenFile, required } = settings;
  if (token !== undefined) return { value: checked(provider, token.value, token.key), source: wordsFor(token) };
  if (tokenFile !== undefined) {
    const text = await readTokenFile(provider, tokenFile);
    if (text !== undefined) {
      const source = tokenFile.key === undefined ? "token file" : `token file of ${tokenFile.key}`;
      return { value: checked(provider, text, tokenFile.path), source };
    }
  }
  if (!required) return { value: undefined, source: "no token" };
  const place = tokenFile === undefined ? "" : `, and ${tokenFile.path} does not exist`;
  throw new StorageError({
    code: "unauthenticated",
    operation: "read token",
    provider,
    detail: `auth token was asked for and there is no token${place}`,
    hint: "Put a token into the Secret (entry token) or the environment, or use auth anonymous.",
  });
}

/** The first line's worth of a token file; undefined when there is no such file, or nothing in it. */
async function readTokenFile(provider: TokenProvider, { path }: TokenFile): Promise<string | undefined> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return text === "" ? undefined : text;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new StorageError({
      code: "unauthenticated",
      operation: "read token",
      provider,
      target: path,
      detail: `the token file cannot be read (${code})`,
      hint: "Let this process read it (securityContext.fsGroup of the pod), or point the setting elsewhere.",
      cause: error,
    });
  }
}

function wordsFor({ origin, key }: Setting): string {
  return origin === "environment" ? `environment (${key})` : `token in ${origin}`;
}

function checked(provider: TokenProvider, value: string, place: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new StorageError({
    code: "config_invalid",
    operation: "read token",
    provider,
    target: place,
    detail: "the token holds blanks or characters that no HTTP header can carry",
    hint: "Check for a line break inside, or a value that was pasted wrongly.",
  });
}
