import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { unauthenticated } from "./auth-error.ts";
import { type CredentialFile, field } from "./credential-file.ts";
import type { TokenSource } from "./loaded-token.ts";
import { cloudScope } from "./scope.ts";
import { addressIn, askForToken, type GcpLoginContext } from "./token-service.ts";

const operation = "get an access token";

/**
 * A service account's key: an assertion signed with it (RS256), exchanged at the file's `token_uri` for an access token
 * (https://developers.google.com/identity/protocols/oauth2/service-account).
 *
 * @throws StorageError `config_invalid` for a key that is none or incomplete.
 */
export function serviceAccountSource(context: GcpLoginContext, file: CredentialFile): TokenSource {
  const email = field(file, "client_email");
  const fields = { operation, asked: email };
  const key = readKey(field(file, "private_key"), email);
  const keyId = file.content["private_key_id"];
  const url = addressIn(file.content["token_uri"], "token_uri", "https://oauth2.googleapis.com/token");
  return async (signal) => {
    const now = Math.floor(context.clock.now() / 1000);
    const header = { alg: "RS256", typ: "JWT", ...(typeof keyId === "string" ? { kid: keyId } : {}) };
    const claims = { iss: email, scope: cloudScope, aud: url.href, iat: now, exp: now + 3600 };
    const token = await askForToken(
      context,
      {
        ...fields,
        url,
        service: url.host,
        body: new URLSearchParams({
          grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
          assertion: signed(header, claims, key),
        }),
        hint: "Check that the service account exists and is enabled, and that its key was not deleted.",
      },
      signal,
    );
    const identity = { kind: "email", name: email, source: `key in ${file.place}`, confirmed: true } as const;
    return { ...token, identity, quotaProject: file.quotaProject };
  };
}

function signed(header: object, claims: object, key: KeyObject): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`;
}

function readKey(pem: string, email: string): KeyObject {
  try {
    return createPrivateKey(pem.replaceAll("\\n", "\n"));
  } catch {
    throw unauthenticated({
      operation,
      asked: email,
      code: "config_invalid",
      detail: "private_key is no key in PEM",
      hint: "Use the key file as Google Cloud made it; a Secret must hold its JSON unchanged.",
    });
  }
}
