import { createPublicKey, type JsonWebKey, type KeyObject, sign, verify } from "node:crypto";

/** What a session token grants, once its issuer is verified. */
export interface SessionGrant {
  /** The session's public key: only the holder of its private half may use the token. */
  readonly publicKey: KeyObject;
  readonly subject: string;
}

/**
 * Makes a session token as Oracle Cloud's services do: a JWT (RS256) that names the session's public key in its claim `jwk`.
 * `claims` may hold `opc-tenant`, `res_id` and the like.
 */
export function issueSessionToken(options: {
  readonly issuerKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly lifetimeMs: number;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}): string {
  const { issuerKey, publicKey, subject, now, lifetimeMs, claims = {} } = options;
  const payload = {
    sub: subject,
    iss: "authService.oracle.com",
    iat: Math.floor(now / 1000),
    exp: Math.floor((now + lifetimeMs) / 1000),
    jwk: JSON.stringify(publicKey.export({ format: "jwk" })),
    ...claims,
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "RS256", typ: "JWT", kid: "asw" })}.${encode(payload)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), issuerKey).toString("base64url")}`;
}

/** Undefined for a token that the issuer did not sign or that has expired. */
export function verifySessionToken(token: string, issuer: KeyObject, now: number): SessionGrant | undefined {
  const [header, payload, signature] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify("sha256", signed, issuer, Buffer.from(signature, "base64url"))) return undefined;
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Readonly<Record<string, unknown>>;
  const { exp, jwk, sub } = claims;
  if (typeof exp !== "number" || exp * 1000 <= now || typeof jwk !== "string") return undefined;
  const publicKey = createPublicKey({ key: JSON.parse(jwk) as JsonWebKey, format: "jwk" });
  return { publicKey, subject: String(sub) };
}
