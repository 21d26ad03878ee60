import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Dispatcher } from "undici";
import { createDispatcher } from "../../network/dispatcher.ts";
import type { NetworkProfile } from "../../network/network-profile.ts";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { refusal, unauthenticated } from "./auth-error.ts";
import { createSessionKey } from "./federation.ts";
import type { InstanceMetadata } from "./instance-metadata.ts";
import type { KeySource } from "./loaded-key.ts";
import { readText } from "./read-text.ts";
import { resourcePrincipalHome } from "./resource-principal.ts";
import { readTokenClaims, tokenIdentity } from "./session-token.ts";

const fields = { operation: "get a workload's session token", asked: "the workload's principal" };
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";
const hint =
  "Workload identity needs an OKE cluster of type enhanced, and a pod whose service account token is mounted.";

/**
 * OKE workload identity: the pod's service account token, exchanged by the cluster's own proxymux service for a session token
 * (https://docs.oracle.com/en-us/iaas/Content/ContEng/Tasks/contenggrantingworkloadaccesstoresources.htm). The token is read
 * anew each time because the kubelet rotates it; the service is trusted by the cluster's authority, and asked directly.
 *
 * @throws StorageError `config_invalid` outside a cluster.
 */
export function workloadIdentitySource(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  metadata: InstanceMetadata,
): KeySource {
  const { env, clock, logger } = request;
  const url = endpointOf(env);
  const caFile = env["OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH"] || `${serviceAccount}/ca.crt`;
  const tokenFile = env["OCI_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH"] || `${serviceAccount}/token`;

  async function exchange(dispatcher: Dispatcher, publicKey: string, signal: AbortSignal): Promise<string> {
    const service = `the cluster's proxymux service at ${url.host}`;
    const context: MetadataContext = { dispatcher, clock, logger, service, provider: "oci", patient: true, ...fields };
    return waitForMetadata(context, signal, async () => {
      const token = await readText(tokenFile, { ...fields, what: "the service account's token file", hint });
      const body = JSON.stringify({ podKey: publicKey });
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const answer = await askMetadata(context, { url, method: "POST", headers, body }, signal);
      if (answer.status !== 200) throw refusal(answer, { ...fields, service, hint, now: clock.now() });
      const session = readAnswer(answer.body);
      if (session !== undefined) return session;
      throw unauthenticated({ ...fields, detail: `the answer of ${service} holds no token`, hint });
    });
  }

  return async (signal) => {
    const ca = await readText(caFile, { ...fields, what: "the cluster's certificate authority", hint });
    const dispatcher = createDispatcher(clusterNetwork(ca), { connectTimeoutMs: 5000 });
    try {
      const session = await createSessionKey();
      const token = await exchange(dispatcher, session.publicKey, signal);
      const claims = readTokenClaims(token, clock.now(), { ...fields, renew: "Check this machine's clock." });
      const { expiration } = claims;
      return {
        key: { keyId: `ST$${token}`, privateKey: session.privateKey, expiration },
        identity: tokenIdentity(claims, "workload identity"),
        home: resourcePrincipalHome(env) ?? (await metadata.home(signal)),
        expiration,
      };
    } finally {
      await dispatcher.destroy();
    }
  };
}

function endpointOf(env: AuthRequest["env"]): URL {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT_PROXYMUX"] || "12250";
  const url = `https://${isIPv6(host ?? "") ? `[${host}]` : host}:${port}/resourcePrincipalSessionTokens`;
  if (host && URL.canParse(url)) return new URL(url);
  throw settingsError(
    "oci",
    "auth workload_identity: KUBERNETES_SERVICE_HOST is not set, this is no pod",
    "Run in an OKE cluster of type enhanced, or use another auth type.",
  );
}

/** The cluster's authority and no proxy: the service is as near as the API server. */
function clusterNetwork(ca: string): NetworkProfile {
  const id = `oke-${createHash("sha256").update(ca).digest("hex")}`;
  return { id, extraCa: `${ca}\n`, httpProxy: undefined, httpsProxy: undefined, noProxy: [] };
}

/** The answer is base64 of `{"token":"ST$…"}`, often as a JSON string. */
function readAnswer(body: string): string | undefined {
  const json = Buffer.from(body.trim().replace(/^"|"$/g, ""), "base64").toString("utf8");
  return /"token"\s*:\s*"ST\$([\w.~+/=-]+)"/.exec(json)?.[1];
}
