import { StorageError } from "../../errors.ts";
import { type CredentialFile, field, invalid } from "./credential-file.ts";
import type { TokenSource } from "./loaded-token.ts";
import { cloudScope } from "./scope.ts";
import { addressIn, askForToken, type GcpLoginContext } from "./token-service.ts";

/** A service account that a login takes on, and where that is asked for. */
export interface Impersonation {
  readonly email: string;
  readonly url: URL;
  /** Service accounts in between, nearest first. */
  readonly delegates?: readonly string[];
}

/** The service account of this address, by Google's own IAM service. */
export function impersonationOf(email: string): Impersonation {
  const name = `projects/-/serviceAccounts/${encodeURIComponent(email)}`;
  return { email, url: new URL(`https://iamcredentials.googleapis.com/v1/${name}:generateAccessToken`) };
}

/** The service account whose address a credential file gives; undefined where it gives none. */
export function impersonationIn(file: CredentialFile): Impersonation | undefined {
  if (file.content["service_account_impersonation_url"] === undefined) return undefined;
  const url = addressIn(field(file, "service_account_impersonation_url"), "service_account_impersonation_url");
  const email = /\/serviceAccounts\/([^/]+):generateAccessToken$/.exec(url.pathname)?.[1];
  const { delegates } = file.content;
  if (email === undefined) throw invalid(file.place, "its service_account_impersonation_url names no service account");
  return {
    email: decodeURIComponent(email),
    url,
    ...(Array.isArray(delegates) ? { delegates: delegates.map(String) } : {}),
  };
}

/** A token of another service account, by the one that the source gives (https://cloud.google.com/iam/docs/create-short-lived-credentials-direct). */
export function impersonatedSource(context: GcpLoginContext, to: Impersonation, source: TokenSource): TokenSource {
  return async (signal) => {
    const own = await source(signal);
    const caller = own.identity.kind === "unknown" ? "this login" : own.identity.name;
    try {
      const token = await askForToken(
        context,
        {
          operation: "impersonate service account",
          asked: to.email,
          url: to.url,
          service: to.url.host,
          headers: { authorization: `Bearer ${own.token}` },
          body: {
            scope: [cloudScope],
            lifetime: "3600s",
            ...(to.delegates === undefined ? {} : { delegates: to.delegates }),
          },
          hint: `Give ${caller} the role roles/iam.serviceAccountTokenCreator on ${to.email}, and enable the IAM Service Account Credentials API.`,
        },
        signal,
      );
      const origin = `impersonated by ${caller} (${own.identity.source})`;
      const identity = { kind: "email", name: to.email, source: origin, confirmed: true } as const;
      return { ...token, identity, quotaProject: own.quotaProject };
    } catch (error) {
      if (!(error instanceof StorageError) || error.httpStatus !== 403) throw error;
      throw error.with({ code: "permission_denied", detail: `${caller} may not become ${to.email}` });
    }
  };
}
