import { isStorageError } from "../../errors.ts";
import { askMetadata, type MetadataAnswer, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { type GcpAuthFields, refusal, unauthenticated } from "./auth-error.ts";
import type { TokenSource } from "./loaded-token.ts";
import { type GcpLoginContext, readToken } from "./token-service.ts";

const fields: GcpAuthFields = { operation: "ask metadata server", asked: "the machine's service account" };
const service = "the metadata server";

/**
 * The service account of the machine or, on GKE, of the pod (https://cloud.google.com/compute/docs/metadata/overview), at
 * 169.254.169.254 or `GCE_METADATA_HOST`, never through a proxy. It is waited for: GKE's refuses connections and answers with
 * errors in a pod's first seconds. `places` were searched before, for the message where there is no metadata server.
 *
 * @throws StorageError `config_invalid` for an address that is none.
 */
export function metadataServerSource(context: GcpLoginContext, places: readonly string[]): TokenSource {
  const { env, clock, logger, local } = context;
  const base = baseOf(env["GCE_METADATA_HOST"] || env["GCE_METADATA_IP"] || "169.254.169.254");
  const inCluster = env["KUBERNETES_SERVICE_HOST"] !== undefined;
  const asking: MetadataContext = {
    dispatcher: local,
    clock,
    logger,
    service: "GCE metadata server",
    operation: fields.operation,
    provider: "gcp",
    patient: inCluster,
  };
  const ask = (path: string, signal: AbortSignal): Promise<MetadataAnswer> => {
    const url = new URL(`/computeMetadata/v1/instance/service-accounts/default/${path}`, base);
    return askMetadata(asking, { url, headers: { "metadata-flavor": "Google" } }, signal);
  };
  return async (signal) => {
    try {
      return await waitForMetadata(asking, signal, async () => {
        const answer = await ask("token", signal);
        if (answer.status === 404) throw noServiceAccount(inCluster);
        const hint = "Check the metadata server of the node, and the binding of the service account.";
        if (answer.status !== 200) throw refusal(answer, { ...fields, service, hint });
        const token = readToken(answer.body, clock.now());
        if (token === undefined) throw foreign();
        const email = await ask("email", signal);
        const name = email.body.trim();
        const known = email.status === 200 && /^\S{1,256}$/.test(name);
        const identity = known
          ? ({ kind: /@/.test(name) ? "email" : "unknown", name, source: "metadata server", confirmed: true } as const)
          : ({ kind: "unknown", name: "unknown", source: "metadata server", confirmed: false } as const);
        return { ...token, identity };
      });
    } catch (error) {
      const absent = isStorageError(error) && ["connection", "timeout"].includes(error.code) && !signal.aborted;
      if (!absent || inCluster) throw error;
      const looked = places.length === 0 ? "" : `: ${places.join(", ")}`;
      throw unauthenticated({
        ...fields,
        detail: `there are no credentials here${looked}, and no metadata server answers`,
        hint: "Run gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS, give a key in the Secret, or use auth anonymous for a public bucket.",
        cause: error,
      });
    }
  };
}

function baseOf(host: string): URL {
  const text = `http://${host.trim().replace(/^https?:\/\//, "")}`;
  if (URL.canParse(text)) return new URL(text);
  throw settingsError("gcp", "GCE_METADATA_HOST is no host", "Correct the variable, or unset it.");
}

function noServiceAccount(inCluster: boolean) {
  return unauthenticated({
    ...fields,
    httpStatus: 404,
    detail: inCluster ? "the pod has no service account of Google Cloud" : "the machine has no service account",
    hint: inCluster
      ? "Use workload identity on the node pool, and allow the Kubernetes service account in IAM (roles/storage.objectViewer)."
      : "Attach a service account to the instance, or use another auth type.",
  });
}

function foreign() {
  return unauthenticated({
    ...fields,
    detail: "what answers as metadata server gives no token",
    hint: "Check GCE_METADATA_HOST, and for something that intercepts 169.254.169.254.",
  });
}
