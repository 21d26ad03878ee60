import { createHmac } from "node:crypto";

const key = "a key that only the tests' issuer knows";
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export interface TokenClaims {
  readonly aud: string;
  /** Epoch seconds. */
  readonly exp: number;
  readonly appid?: string | undefined;
  readonly oid?: string | undefined;
  readonly upn?: string | undefined;
  /** Epoch seconds from which it is valid. */
  readonly nbf?: number | undefined;
}

/** An access token as Microsoft Entra shapes them; every one is another. */
export function issueToken(claims: TokenClaims): string {
  const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ iss: "https://sts.windows.net/tenant/", iat: claims.nbf, ...claims, uti: `TOPSECRET${crypto.randomUUID()}` })}`;
  return `${body}.TOPSECRET${createHmac("sha256", key).update(body).digest("base64url")}`;
}

/** The claims of a token that was issued here for storage and is valid now; undefined otherwise. */
export function storageClaims(token: string, now: number): TokenClaims | undefined {
  const [header = "", body = "", signature = ""] = token.split(".");
  const expected = `TOPSECRET${createHmac("sha256", key).update(`${header}.${body}`).digest("base64url")}`;
  if (signature !== expected) return undefined;
  const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as TokenClaims;
  return claims.aud === "https://storage.azure.com" && claims.exp * 1000 > now ? claims : undefined;
}
