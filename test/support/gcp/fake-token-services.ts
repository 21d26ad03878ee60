import { verify } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { type Listener, startListener } from "../../../src/testing/loopback/start-listener.ts";
import { jsonAnswer, type WebAnswer } from "../../../src/testing/loopback/web-answer.ts";
import { secretMark } from "../secret-watch.ts";
import type { TestServiceAccount } from "./service-account.ts";

export interface FakeTokenServices {
  readonly url: string;
  /** Where assertions and refresh tokens become access tokens. */
  readonly tokenUri: string;
  /** `POST /path` of every request. */
  readonly requests: string[];
  /** Statuses that the next requests get instead of an answer. */
  readonly failures: number[];
  /** Service accounts whose assertions are accepted. */
  readonly accounts: TestServiceAccount[];
  /** Refresh tokens and their owners; `undefined` for an owner who is not told. */
  readonly refreshTokens: Map<string, string | undefined>;
  /** Tokens of other identity providers that STS accepts. */
  readonly subjectTokens: Set<string>;
  /** `caller -> service account` that may be taken on. */
  readonly impersonations: Set<string>;
  /** Access tokens that were given, and to whom. */
  readonly tokens: Map<string, string>;
  /** Told of every access token. */
  onToken: (token: string, email: string) => void;
  close(): Promise<void>;
}

export const stsAudience =
  "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/cluster";

const lifetimeSeconds = 3600;

/**
 * Google's token services: JWT assertions verified by signature, audience, scope and time; refresh tokens; STS token exchange;
 * impersonation by bearer.
 */
export async function startTokenServices(clock: Pick<Clock, "now">): Promise<FakeTokenServices> {
  const fake: FakeTokenServices = {
    url: "",
    tokenUri: "",
    requests: [],
    failures: [],
    accounts: [],
    refreshTokens: new Map(),
    subjectTokens: new Set(),
    impersonations: new Set(),
    tokens: new Map(),
    onToken: () => {},
    close: () => listener.close(),
  };
  const give = (email: string): string => {
    const token = `ya29.${secretMark}-${fake.tokens.size + 1}`;
    fake.tokens.set(token, email);
    fake.onToken(token, email);
    return token;
  };
  const granted = (email: string): WebAnswer =>
    jsonAnswer({ access_token: give(email), expires_in: lifetimeSeconds, token_type: "Bearer" });

  const assertion = (jwt: string): WebAnswer => {
    const [header = "", claims = "", signature = ""] = jwt.split(".");
    const { kid, alg } = decode(header);
    const { iss, aud, scope, iat, exp } = decode(claims);
    const account = fake.accounts.find(({ email }) => email === iss);
    if (account === undefined) return refused("invalid_grant", "Invalid grant: account not found");
    const signed = Buffer.from(`${header}.${claims}`);
    const valid = verify("RSA-SHA256", signed, account.publicKey, Buffer.from(signature, "base64url"));
    if (!valid || alg !== "RS256" || kid !== account.keyId) return refused("invalid_grant", "Invalid JWT Signature.");
    if (aud !== fake.tokenUri) return refused("invalid_grant", "Invalid JWT: aud");
    if (scope !== "https://www.googleapis.com/auth/cloud-platform") return refused("invalid_scope", "Invalid scope");
    const now = clock.now() / 1000;
    if (Math.abs(Number(iat) - now) > 300 || Number(exp) < now || Number(exp) - Number(iat) > 3600) {
      const message =
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";
      return refused("invalid_grant", message);
    }
    return granted(account.email);
  };
  const token = (form: URLSearchParams): WebAnswer => {
    if (form.get("grant_type") === "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      return assertion(form.get("assertion") ?? "");
    }
    const refresh = form.get("refresh_token") ?? "";
    if (form.get("grant_type") !== "refresh_token" || form.get("client_secret") !== `${secretMark}-client`) {
      return refused("invalid_client", "The OAuth client was not found.", 401);
    }
    if (!fake.refreshTokens.has(refresh)) return refused("invalid_grant", "Token has been expired or revoked.");
    return granted(fake.refreshTokens.get(refresh) ?? "");
  };
  const exchange = (form: URLSearchParams): WebAnswer => {
    const subject = form.get("subject_token") ?? "";
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:token-exchange") {
      return refused("unsupported_grant_type", "unsupported");
    }
    if (form.get("audience") !== stsAudience) return refused("invalid_target", "The audience is not known.");
    if (form.get("subject_token_type") !== "urn:ietf:params:oauth:token-type:jwt" || !fake.subjectTokens.has(subject)) {
      return refused("invalid_grant", `The given credential is rejected: ${subject}`);
    }
    return granted("federated");
  };
  const impersonate = (incoming: IncomingMessage, path: string, body: string): WebAnswer => {
    const caller = fake.tokens.get((incoming.headers.authorization ?? "").replace(/^Bearer /, ""));
    const email = decodeURIComponent(/serviceAccounts\/([^/]+):generateAccessToken$/.exec(path)?.[1] ?? "");
    if (caller === undefined) return apiRefused(401, "UNAUTHENTICATED");
    const { scope } = JSON.parse(body) as { scope?: unknown };
    if (!Array.isArray(scope) || scope.length === 0) return apiRefused(400, "INVALID_ARGUMENT");
    if (!fake.impersonations.has(`${caller} -> ${email}`)) return apiRefused(403, "PERMISSION_DENIED");
    const expireTime = new Date(clock.now() + lifetimeSeconds * 1000).toISOString();
    return jsonAnswer({ accessToken: give(email), expireTime });
  };

  const listener: Listener = await startListener(async (incoming) => {
    const path = incoming.url ?? "";
    fake.requests.push(`${incoming.method} ${path}`);
    const body = await text(incoming);
    const failure = fake.failures.shift();
    if (failure !== undefined) return { status: failure };
    if (path === "/token") return token(new URLSearchParams(body));
    if (path === "/v1/token") return exchange(new URLSearchParams(body));
    if (path === "/tokeninfo") {
      const email = fake.tokens.get(new URLSearchParams(body).get("access_token") ?? "");
      return email ? jsonAnswer({ email }) : refused("invalid_token", "Invalid Value");
    }
    return impersonate(incoming, path, body);
  });
  return Object.assign(fake, { url: listener.url, tokenUri: `${listener.url}/token` });
}

function decode(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Readonly<Record<string, unknown>>;
}

function refused(error: string, description: string, status = 400): WebAnswer {
  return jsonAnswer({ error, error_description: description }, {}, status);
}

function apiRefused(code: number, status: string): WebAnswer {
  return jsonAnswer({ error: { code, status, message: "refused" } }, {}, code);
}
