import type { Dispatcher } from "undici";
import type { StorageError } from "../../errors.ts";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataAnswer, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { unauthenticated } from "./auth-error.ts";
import type { OciHome } from "./credentials.ts";

/** What an instance proves its identity with, in PEM. */
export interface InstanceIdentity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly intermediate: string;
}

export interface InstanceMetadata {
  home(signal: AbortSignal): Promise<OciHome>;
  identity(signal: AbortSignal): Promise<InstanceIdentity>;
}

const operation = "ask instance metadata";
const asked = "the instance's principal";

/**
 * Instance metadata, version 2 (https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm), at
 * 169.254.169.254 or `OCI_METADATA_BASE_URL`. It is waited for while a node starts.
 *
 * @throws StorageError `config_invalid` for a base URL that is none.
 */
export function createInstanceMetadata(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  dispatcher: Dispatcher,
): InstanceMetadata {
  const { env, clock, logger } = request;
  const base = baseOf(env);
  const context: MetadataContext = {
    dispatcher,
    clock,
    logger,
    service: "OCI instance metadata",
    operation,
    provider: "oci",
    patient: env["KUBERNETES_SERVICE_HOST"] !== undefined,
  };
  const ask = (path: string, signal: AbortSignal): Promise<MetadataAnswer> =>
    askMetadata(context, { url: new URL(path, base), headers: { authorization: "Bearer Oracle" } }, signal);
  const need = async (path: string, signal: AbortSignal): Promise<string> => {
    const answer = await ask(path, signal);
    if (answer.status === 200 && answer.body.trim() !== "") return answer.body.trim();
    throw refused(answer.status);
  };

  return {
    home: (signal) =>
      waitForMetadata(context, signal, async () => {
        const info = await ask("instance/regionInfo", signal);
        const described = info.status === 200 ? parseRegion(info.body) : undefined;
        return described ?? { region: (await need("instance/region", signal)).toLowerCase() };
      }),
    identity: (signal) =>
      waitForMetadata(context, signal, async () => {
        const [certificate, privateKey, intermediate] = await Promise.all([
          need("identity/cert.pem", signal),
          need("identity/key.pem", signal),
          need("identity/intermediate.pem", signal),
        ]);
        return { certificate, privateKey, intermediate };
      }),
  };
}

function baseOf(env: AuthRequest["env"]): URL {
  const text = env["OCI_METADATA_BASE_URL"] || "http://169.254.169.254/opc/v2";
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return new URL(`${text.replace(/\/+$/, "")}/`);
  throw settingsError("oci", "OCI_METADATA_BASE_URL is not a URL", "Correct the variable, or unset it.");
}

function parseRegion(body: string): OciHome | undefined {
  try {
    const { regionIdentifier, realmDomainComponent } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (typeof regionIdentifier !== "string" || regionIdentifier === "") return undefined;
    const domain = typeof realmDomainComponent === "string" ? realmDomainComponent.toLowerCase() : undefined;
    return { region: regionIdentifier.toLowerCase(), domain: domain || undefined };
  } catch {
    return undefined;
  }
}

function refused(status: number): StorageError {
  const elsewhere =
    "Instance principals exist on OCI Compute only: elsewhere use workload_identity (OKE), resource_principal or user_principal.";
  return unauthenticated({
    operation,
    asked,
    httpStatus: status,
    detail:
      status === 404
        ? "instance metadata has no identity for this instance"
        : `what answers as instance metadata is not OCI's, or refuses (${status})`,
    hint: elsewhere,
  });
}
