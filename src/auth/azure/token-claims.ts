import type { Identity } from "../auth-request.ts";

/** Who an access token was issued to, by its own claims; the service that issued it has confirmed them. */
export function tokenIdentity(token: string, source: string): Identity {
  const claims = readClaims(token);
  const text = (name: string): string | undefined => {
    const value = claims[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const user = text("upn") ?? text("unique_name") ?? text("preferred_username");
  if (user !== undefined) return { kind: "user", name: user, source, confirmed: true };
  const id = text("appid") ?? text("azp") ?? text("oid");
  if (id === undefined) return { kind: "unknown", name: "unknown", source, confirmed: false };
  return { kind: "client_id", name: id, source, confirmed: true };
}

function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
