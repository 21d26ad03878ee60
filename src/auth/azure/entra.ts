import { readFile } from "node:fs/promises";
import type { TokenCredential } from "@azure/identity";
import { isStorageError } from "../../errors.ts";
import { connectionError } from "../../network/connection-error.ts";
import { createDispatcher } from "../../network/dispatcher.ts";
import type { AuthRequest } from "../auth-request.ts";
import { cancelled } from "../cancelled.ts";
import { entraError, unauthenticated } from "./auth-error.ts";
import type { AzureAuthSettings, ServicePrincipalSettings, WorkloadIdentitySettings } from "./choose-settings.ts";
import { authorityHost, storageScope } from "./clouds.ts";
import { createIdentityHttpClient, type IdentityHttpClient } from "./identity-http-client.ts";
import { type AccessSource, loadedToken } from "./loaded-access.ts";

type DeviceCodeSettings = Extract<AzureAuthSettings, { readonly type: "device_code" }>;
type Identity = typeof import("@azure/identity");

/** What every credential of the SDK is made with. */
interface SdkOptions {
  readonly authorityHost: string;
  readonly httpClient: IdentityHttpClient;
  /** The cloud's own metadata is not asked about an authority that the operator named. */
  readonly disableInstanceDiscovery: true;
  readonly retryOptions: { readonly maxRetries: 0 };
}

/** How one kind of login asks Microsoft Entra for a token. */
interface EntraLogin {
  readonly operation: string;
  readonly asked: string;
  readonly source: string;
  /** Makes a credential for one token: what the SDK would keep, `caching.ts` keeps. */
  credential(sdk: Identity, options: SdkOptions, signal: AbortSignal): Promise<TokenCredential> | TokenCredential;
}

/** An application with a client secret or a certificate. */
export function servicePrincipalSource(
  request: AuthRequest<"azure">,
  settings: ServicePrincipalSettings,
): AccessSource {
  const { tenantId, clientId, proof } = settings;
  const asked = `application ${clientId}`;
  const operation = "log in as service principal";
  const what = proof.kind === "secret" ? "client secret" : "certificate";
  return entraSource(request, {
    operation,
    asked,
    source: `service principal (${what})`,
    credential: async (sdk, options) => {
      if (proof.kind === "secret") return new sdk.ClientSecretCredential(tenantId, clientId, proof.secret, options);
      const certificate =
        proof.kind === "certificate" ? proof.pem : await readLoginFile(proof.path, "certificate", operation, asked);
      checkCertificate(certificate, operation, asked);
      const password = proof.password === undefined ? {} : { certificatePassword: proof.password };
      return new sdk.ClientCertificateCredential(tenantId, clientId, { certificate, ...password }, options);
    },
  });
}

/** Workload identity: the pod's projected token, read anew each time because the kubelet rotates it. */
export function workloadIdentitySource(
  request: AuthRequest<"azure">,
  settings: WorkloadIdentitySettings,
): AccessSource {
  const { tenantId, clientId, tokenFile } = settings;
  const asked = `application ${clientId}`;
  const operation = "log in by workload identity";
  return entraSource(request, {
    operation,
    asked,
    source: "workload identity",
    credential: async (sdk, options) => {
      const token = await readLoginFile(tokenFile, "federated token", operation, asked);
      return new sdk.ClientAssertionCredential(tenantId, clientId, async () => token, options);
    },
  });
}

/** A person's login on another device; the code is shown in the log. */
export function deviceCodeSource(request: AuthRequest<"azure">, settings: DeviceCodeSettings): AccessSource {
  const { tenantId, clientId } = settings;
  return entraSource(request, {
    operation: "log in by device code",
    asked: `a user of tenant ${tenantId}`,
    source: "device code",
    credential: (sdk, options) =>
      new sdk.DeviceCodeCredential({
        tenantId,
        clientId,
        ...options,
        userPromptCallback: ({ verificationUri, userCode }) =>
          request.logger.warn(
            { provider: "azure", verificationUri, userCode },
            "open the address in a browser and enter the code",
          ),
      }),
  });
}

function entraSource(request: AuthRequest<"azure">, login: EntraLogin): AccessSource {
  const authority = authorityHost(request);
  const { operation, asked, source } = login;
  return async (signal) => {
    const dispatcher = createDispatcher(request.network);
    const httpClient = createIdentityHttpClient(dispatcher, signal);
    const options: SdkOptions = {
      authorityHost: authority,
      httpClient,
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: 0 },
    };
    try {
      const credential = await login.credential(await import("@azure/identity"), options, signal);
      const answer = await credential.getToken(storageScope, { abortSignal: signal });
      if (answer !== null) return loadedToken(answer.token, answer.expiresOnTimestamp, source);
      throw new Error("the SDK gives no token");
    } catch (error) {
      if (signal.aborted) throw cancelled(signal, operation);
      if (isStorageError(error)) throw error;
      const { failure, refusal } = httpClient;
      if (refusal !== undefined) throw entraError(refusal, operation, asked);
      if (failure !== undefined) {
        throw connectionError(failure, { operation, target: asked, host: new URL(authority).host, provider: "azure" });
      }
      throw unauthenticated({
        operation,
        asked,
        detail: "the login could not be made",
        hint: "Check tenantId and clientId, and that a certificate comes with its unencrypted or decryptable private key.",
      });
    } finally {
      await dispatcher.destroy();
    }
  };
}

/** Content of a file that a login is made with. */
async function readLoginFile(path: string, what: string, operation: string, asked: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "error";
    throw unauthenticated({
      operation,
      asked,
      detail: `the ${what} file ${path} ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`,
      hint:
        code === "EACCES"
          ? "Let the container's user read it: set securityContext.fsGroup on the pod."
          : 'Check the path; for workload identity, that the pod has the label azure.workload.identity/use: "true" and its service account is annotated.',
      cause,
    });
  }
  if (text !== "") return text;
  const hint = "Check the volume that the file comes from.";
  throw unauthenticated({ operation, asked, detail: `the ${what} file ${path} is empty`, hint });
}

function checkCertificate(pem: string, operation: string, asked: string): void {
  const parts = [/-----BEGIN CERTIFICATE-----/, /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/];
  if (parts.every((part) => part.test(pem))) return;
  throw unauthenticated({
    operation,
    asked,
    detail: "the certificate is not PEM with the certificate and its private key",
    hint: "Give both in one PEM text; convert PKCS#12 with: openssl pkcs12 -in file.pfx -nodes.",
  });
}
