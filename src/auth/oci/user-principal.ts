import type { KeyObject } from "node:crypto";
import type { AuthRequest } from "../auth-request.ts";
import { unauthenticated } from "./auth-error.ts";
import type { GivenKeySettings, ProfileSettings } from "./choose-settings.ts";
import { defaultConfigFile, expandHome, type OciProfile, readProfile } from "./config-file.ts";
import type { OciHome } from "./credentials.ts";
import type { KeySource, LoadedKey } from "./loaded-key.ts";
import { fingerprintOf, readPrivateKey } from "./private-key.ts";
import { readText } from "./read-text.ts";
import { readTokenClaims, tokenIdentity } from "./session-token.ts";

type Tools = Pick<AuthRequest, "env" | "clock">;

/** An API signing key that the settings give in full; checked at once. */
export function givenKeySource(settings: GivenKeySettings): KeySource {
  const fields = { operation: "read API signing key", asked: settings.user };
  const privateKey = readPrivateKey(settings.privateKey, settings.passphrase, fields);
  const loaded = apiKey({ ...settings, privateKey, source: `key in ${settings.origin}`, ...fields }, undefined);
  return async () => loaded;
}

/** A profile of the configuration file, its API signing key or session token, read anew each time. */
export function profileSource(settings: ProfileSettings, tools: Tools): KeySource {
  return async () => {
    const { env } = tools;
    const path = settings.configFile === undefined ? defaultConfigFile(env) : expandHome(settings.configFile, env);
    const profile = await readProfile(path, settings.profile);
    const reader = new ProfileReader(profile, settings, tools);
    return settings.type === "session_token" ? reader.sessionToken() : reader.apiKey();
  };
}

class ProfileReader {
  readonly #profile: OciProfile;
  readonly #settings: ProfileSettings;
  readonly #tools: Tools;
  readonly #fields: { readonly operation: string; readonly asked: string };

  constructor(profile: OciProfile, settings: ProfileSettings, tools: Tools) {
    this.#profile = profile;
    this.#settings = settings;
    this.#tools = tools;
    this.#fields = { operation: "read OCI profile", asked: `profile ${settings.profile}` };
  }

  async apiKey(): Promise<LoadedKey> {
    if (this.#entry("user") === undefined && this.#entry("security_token_file") !== undefined) {
      throw unauthenticated({
        ...this.#fields,
        code: "config_invalid",
        detail: "the profile holds a session token, not an API key",
        hint: "Use auth session_token, or set USE_SESSION_TOKEN=true.",
      });
    }
    return apiKey(
      {
        ...this.#fields,
        tenancy: this.#need("tenancy"),
        user: this.#need("user"),
        fingerprint: this.#entry("fingerprint")?.toLowerCase(),
        privateKey: await this.#privateKey(),
        source: this.#fields.asked,
      },
      this.#home(),
    );
  }

  async sessionToken(): Promise<LoadedKey> {
    const { profile } = this.#settings;
    const hint = `Run \`oci session refresh --profile ${profile}\`, or \`oci session authenticate --profile-name ${profile}\` when it is too late for that.`;
    const path = expandHome(this.#need("security_token_file"), this.#tools.env);
    const token = await readText(path, { ...this.#fields, what: "the session token file", hint });
    const claims = readTokenClaims(token, this.#tools.clock.now(), { ...this.#fields, renew: hint });
    const { expiration } = claims;
    return {
      key: { keyId: `ST$${token}`, privateKey: await this.#privateKey(), expiration },
      identity: tokenIdentity(claims, `session token of ${this.#fields.asked}`),
      home: this.#home(),
      expiration,
    };
  }

  async #privateKey(): Promise<KeyObject> {
    const passphrase = this.#settings.passphrase ?? this.#entry("pass_phrase") ?? this.#entry("passphrase");
    const content = this.#entry("key_content");
    if (content !== undefined) return readPrivateKey(content, passphrase, this.#fields);
    const path = expandHome(this.#need("key_file"), this.#tools.env);
    const hint = "Check key_file of the profile, and that this process may read the file.";
    const text = await readText(path, { ...this.#fields, what: "the key file", hint });
    return readPrivateKey(text, passphrase, this.#fields);
  }

  #home(): OciHome | undefined {
    const region = this.#entry("region")?.toLowerCase();
    return region === undefined ? undefined : { region };
  }

  #need(name: string): string {
    const value = this.#entry(name);
    if (value !== undefined) return value;
    throw unauthenticated({
      ...this.#fields,
      code: "config_invalid",
      detail: `the profile has no ${name}`,
      hint: `Add ${name} to the profile, or use another auth type.`,
    });
  }

  #entry(name: string): string | undefined {
    return this.#profile.get(name) || undefined;
  }
}

function apiKey(
  given: {
    readonly operation: string;
    readonly asked: string;
    readonly tenancy: string;
    readonly user: string;
    readonly fingerprint?: string | undefined;
    readonly privateKey: KeyObject;
    readonly source: string;
  },
  home: OciHome | undefined,
): LoadedKey {
  const { operation, asked, tenancy, user, privateKey, source } = given;
  const fingerprint = fingerprintOf(privateKey);
  if (given.fingerprint !== undefined && given.fingerprint !== fingerprint) {
    throw unauthenticated({
      operation,
      asked,
      code: "config_invalid",
      detail: `the private key's fingerprint is ${fingerprint}, not ${given.fingerprint}`,
      hint: "Give the key that belongs to the fingerprint, or leave the fingerprint out.",
    });
  }
  return {
    key: { keyId: `${tenancy}/${user}/${fingerprint}`, privateKey },
    identity: { kind: "ocid", name: user, source, confirmed: false },
    home,
  };
}
