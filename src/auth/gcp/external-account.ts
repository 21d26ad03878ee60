import type { Identity } from "../auth-request.ts";
import { type CredentialFile, field, invalid } from "./credential-file.ts";
import { impersonatedSource, impersonationIn } from "./impersonation.ts";
import { librarySource } from "./library-source.ts";
import type { TokenSource } from "./loaded-token.ts";
import { cloudScope } from "./scope.ts";
import { subjectTokenOf } from "./subject-token.ts";
import { addressIn, askForToken, type GcpLoginContext } from "./token-service.ts";

const operation = "exchange identity token";

/**
 * Workload identity federation (AIP-4117, RFC 8693): another identity provider's token, read from a file or a URL, exchanged at
 * Google's STS, and where the file says so for the token of a service account. Sources of AWS, executables and certificates are
 * left to google-auth-library.
 *
 * @throws StorageError `config_invalid` for a file that is incomplete.
 */
export function externalAccountSource(context: GcpLoginContext, file: CredentialFile): TokenSource {
  const source = file.content["credential_source"];
  if (typeof source !== "object" || source === null) throw invalid(file.place, 'it has no "credential_source"');
  if ("environment_id" in source || "executable" in source || "certificate" in source) {
    return librarySource(context, file);
  }
  const subjectToken = subjectTokenOf(context, source as Readonly<Record<string, unknown>>, file.place);
  const audience = field(file, "audience");
  const url = addressIn(file.content["token_url"], "token_url", "https://sts.googleapis.com/v1/token");
  const principal: Identity = {
    kind: "unknown",
    name: audience.replace(/^\/\/iam\.googleapis\.com\//, ""),
    source: `federation by ${file.place}`,
    confirmed: true,
  };
  const federated: TokenSource = async (signal) => {
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience,
      scope: cloudScope,
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token: await subjectToken(signal),
      subject_token_type: field(file, "subject_token_type"),
    };
    const token = await askForToken(
      context,
      {
        operation,
        asked: principal.name,
        url,
        service: url.host,
        body: new URLSearchParams(form),
        hint: "Check issuer, audience and attribute conditions of the workload identity pool's provider.",
      },
      signal,
    );
    return { ...token, identity: principal, quotaProject: file.quotaProject };
  };
  const impersonation = impersonationIn(file);
  return impersonation === undefined ? federated : impersonatedSource(context, impersonation, federated);
}
