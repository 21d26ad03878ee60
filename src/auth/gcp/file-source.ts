import { authorizedUserSource } from "./authorized-user.ts";
import { type CredentialFile, field, invalid } from "./credential-file.ts";
import { externalAccountSource } from "./external-account.ts";
import { impersonatedSource, impersonationIn } from "./impersonation.ts";
import type { TokenSource } from "./loaded-token.ts";
import { serviceAccountSource } from "./service-account.ts";
import type { GcpLoginContext } from "./token-service.ts";

/**
 * What a credential file logs in as.
 *
 * @throws StorageError `config_invalid` for a kind that is not known, or that the caller does not allow.
 */
export function fileSource(
  context: GcpLoginContext,
  file: CredentialFile,
  allowed: { readonly types: readonly string[]; readonly auth: string },
): TokenSource {
  if (!allowed.types.includes(file.type)) {
    const other = `auth ${allowed.auth} takes files of type ${allowed.types.join(", ")}`;
    const hint =
      "Use auth service_account for a key, workload_identity for external_account, application_default for any.";
    throw invalid(file.place, `its type is ${file.type.slice(0, 40)}, and ${other}`, hint);
  }
  if (file.type === "service_account") return serviceAccountSource(context, file);
  if (file.type === "authorized_user") return authorizedUserSource(context, file);
  if (file.type === "external_account") return externalAccountSource(context, file);
  return impersonatedFileSource(context, file);
}

/** `gcloud auth application-default login --impersonate-service-account`. */
function impersonatedFileSource(context: GcpLoginContext, file: CredentialFile): TokenSource {
  const content = file.content["source_credentials"];
  if (typeof content !== "object" || content === null) throw invalid(file.place, 'it has no "source_credentials"');
  const inner = { ...file, content: content as Readonly<Record<string, unknown>> };
  const types = ["service_account", "authorized_user", "external_account"];
  const source = fileSource(context, { ...inner, type: field(inner, "type") }, { types, auth: "application_default" });
  const impersonation = impersonationIn(file);
  if (impersonation === undefined) throw invalid(file.place, 'it has no "service_account_impersonation_url"');
  return impersonatedSource(context, impersonation, source);
}

/** Every kind of credential file that is understood. */
export const fileTypes = ["service_account", "authorized_user", "external_account", "impersonated_service_account"];
