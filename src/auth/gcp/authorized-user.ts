import type { Identity } from "../auth-request.ts";
import { askMetadata } from "../metadata-service.ts";
import { type CredentialFile, field } from "./credential-file.ts";
import type { TokenSource } from "./loaded-token.ts";
import { addressIn, askForToken, type GcpLoginContext } from "./token-service.ts";

/**
 * A person's login, as `gcloud auth application-default login` leaves it: a refresh token for access tokens. Whose it is, the
 * token service tells (`tokeninfo`) where the login was made with that scope.
 */
export function authorizedUserSource(context: GcpLoginContext, file: CredentialFile): TokenSource {
  const clientId = field(file, "client_id");
  const form = {
    grant_type: "refresh_token",
    client_id: clientId,
    client_secret: field(file, "client_secret"),
    refresh_token: field(file, "refresh_token"),
  };
  const url = addressIn(file.content["token_uri"], "token_uri", "https://oauth2.googleapis.com/token");
  return async (signal) => {
    const token = await askForToken(
      context,
      {
        operation: "get an access token",
        asked: file.place,
        url,
        service: url.host,
        body: new URLSearchParams(form),
        hint: "Run gcloud auth application-default login.",
      },
      signal,
    );
    const email = await emailOf(context, new URL("/tokeninfo", url), token.token, signal);
    const source = `login of gcloud in ${file.place}`;
    const identity: Identity =
      email === undefined
        ? { kind: "client_id", name: clientId, source, confirmed: false }
        : { kind: "email", name: email, source, confirmed: true };
    return { ...token, identity, quotaProject: file.quotaProject };
  };
}

/** Undefined where it is not told: a login works without it. */
async function emailOf(
  context: GcpLoginContext,
  url: URL,
  token: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { dispatcher, clock, logger } = context;
  const asking = {
    dispatcher,
    clock,
    logger,
    service: url.host,
    operation: "identify",
    provider: "gcp",
    patient: false,
  };
  const request = {
    url,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ access_token: token }).toString(),
  } as const;
  try {
    const answer = await askMetadata(asking, request, signal);
    return answer.status === 200 ? /"email"\s*:\s*"([^"\s]+)"/.exec(answer.body)?.[1] : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}
