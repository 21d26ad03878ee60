import type { Identity } from "../auth-request.ts";
import { type OciAuthFields, unauthenticated } from "./auth-error.ts";

/** What a session token says about itself. It is not verified: the service that it is shown to does that. */
export interface TokenClaims {
  /** Epoch milliseconds. */
  readonly expiration: number;
  /** OCID of whom the token stands for, as far as it names one. */
  readonly subject: string | undefined;
}

/**
 * Reads the claims of a session token, a JWT. `ST$` before it is left out by the caller.
 *
 * @throws StorageError `unauthenticated` when it is no token, or one that has expired.
 */
export function readTokenClaims(
  token: string,
  now: number,
  fields: OciAuthFields & { readonly renew: string },
): TokenClaims {
  const { renew, ...rest } = fields;
  const payload = decodePayload(token);
  const { exp } = payload ?? {};
  if (payload === undefined || typeof exp !== "number") {
    throw unauthenticated({ ...rest, detail: "what was given is no session token", hint: renew });
  }
  if (exp * 1000 <= now) throw unauthenticated({ ...rest, detail: "the session token has expired", hint: renew });
  const subject = [payload["opc-instance"], payload["res_id"], payload["sub"]].find(isOcid);
  return { expiration: exp * 1000, subject };
}

/** Whom a token names; Oracle Cloud itself issued it. */
export function tokenIdentity({ subject }: TokenClaims, source: string): Identity {
  return subject === undefined
    ? { kind: "unknown", name: "unknown", source, confirmed: false }
    : { kind: "ocid", name: subject, source, confirmed: true };
}

function decodePayload(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? { ...claims } : undefined;
  } catch {
    return undefined;
  }
}

function isOcid(value: unknown): value is string {
  return typeof value === "string" && /^ocid1\.[\w.-]{1,250}$/.test(value);
}
