import { unauthenticated } from "./auth-error.ts";
import type { AwsKeys } from "./credentials.ts";

/**
 * Reads the JSON in which metadata services and credential processes give keys (`AccessKeyId`, `SecretAccessKey`, `Token` or
 * `SessionToken`, `Expiration`).
 *
 * @throws StorageError `unauthenticated` when it is something else; with the service's own code where it gives one.
 */
export function parseKeys(text: string, context: { readonly operation: string; readonly asked: string }): AwsKeys {
  let answer: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) answer = { ...parsed };
  } catch {
    // What is no JSON has no keys in it; the message below says so.
  }
  const { Code, AccessKeyId, SecretAccessKey, Token, SessionToken, Expiration } = answer;
  if (typeof Code === "string" && Code !== "Success") {
    throw unauthenticated({
      ...context,
      detail: `the service answers ${Code}`,
      hint: "Check that the role's trust policy names this service (ec2.amazonaws.com for instances).",
    });
  }
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") {
    throw unauthenticated({
      ...context,
      detail: "the answer holds no keys",
      hint: "Check what answers there: AccessKeyId and SecretAccessKey are expected in JSON.",
    });
  }
  const token = typeof Token === "string" ? Token : typeof SessionToken === "string" ? SessionToken : undefined;
  const expiration = typeof Expiration === "string" ? Date.parse(Expiration) : Number.NaN;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: token,
    expiration: Number.isNaN(expiration) ? undefined : expiration,
  };
}
