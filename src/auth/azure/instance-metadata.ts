import type { StorageError } from "../../errors.ts";
import { isStorageError } from "../../errors.ts";
import { createDispatcher } from "../../network/dispatcher.ts";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataAnswer, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { unauthenticated } from "./auth-error.ts";
import type { ManagedIdentitySettings } from "./choose-settings.ts";
import { storageResource } from "./clouds.ts";
import { type AccessSource, loadedToken } from "./loaded-access.ts";

const operation = "get a token of the managed identity";
const metadataHost = "http://169.254.169.254";

/** Where the identity of this place is asked for, and how. */
interface Endpoint {
  readonly service: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Parameter names of user-assigned identities where they differ from those of the instance metadata service. */
  readonly parameters: Readonly<Partial<Record<NonNullable<ManagedIdentitySettings["id"]>["parameter"], string>>>;
}

/**
 * Token of a managed identity: from the instance metadata service of virtual machines and AKS nodes
 * (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token), or where
 * `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` are set, as in Container Apps and App Service, from there.
 *
 * The SDK's own way is not used: it takes one second of silence for an answer, keeps what it found for the whole process,
 * and reads its addresses from `process.env`.
 */
export function managedIdentitySource(
  request: Pick<AuthRequest, "env" | "clock" | "logger" | "network">,
  { id }: ManagedIdentitySettings,
): AccessSource {
  const { env, clock, logger } = request;
  const endpoint = endpointOf(env);
  const asked = id === undefined ? "the managed identity" : `the managed identity ${id.value}`;
  const url = new URL(endpoint.url);
  url.searchParams.set("resource", storageResource);
  if (id !== undefined) url.searchParams.set(endpoint.parameters[id.parameter] ?? id.parameter, id.value);

  return async (signal) => {
    const dispatcher = createDispatcher(
      { ...request.network, httpProxy: undefined, httpsProxy: undefined },
      { connectTimeoutMs: 2000 },
    );
    const context: MetadataContext = {
      dispatcher,
      clock,
      logger,
      service: endpoint.service,
      operation,
      provider: "azure",
      patient: env["KUBERNETES_SERVICE_HOST"] !== undefined,
    };
    try {
      return await waitForMetadata(context, signal, async () => {
        const answer = await askMetadata(context, { url, headers: endpoint.headers }, signal);
        if (answer.status !== 200) throw refusal(answer, asked, endpoint.service);
        const { token, expiration } = readToken(answer.body, clock.now());
        if (token !== undefined) return loadedToken(token, expiration, "managed identity");
        const hint = "Check what answers in its place: a proxy, or an interceptor on the node.";
        throw unauthenticated({ operation, asked, detail: `the answer of ${endpoint.service} holds no token`, hint });
      });
    } catch (error) {
      throw isStorageError(error) && error.code === "connection" ? unreachable(error, endpoint.service) : error;
    } finally {
      await dispatcher.destroy();
    }
  };
}

function endpointOf(env: AuthRequest["env"]): Endpoint {
  const identityEndpoint = env["IDENTITY_ENDPOINT"];
  const identityHeader = env["IDENTITY_HEADER"];
  if (identityEndpoint && identityHeader) {
    return {
      service: "the identity endpoint",
      url: parse(identityEndpoint, "IDENTITY_ENDPOINT", { "api-version": "2019-08-01" }),
      headers: { "x-identity-header": identityHeader },
      parameters: { object_id: "principal_id", msi_res_id: "mi_res_id" },
    };
  }
  const host = env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] || metadataHost;
  return {
    service: "Azure instance metadata",
    url: parse(`${host.replace(/\/+$/, "")}/metadata/identity/oauth2/token`, "AZURE_POD_IDENTITY_AUTHORITY_HOST", {
      "api-version": "2018-02-01",
    }),
    headers: { metadata: "true" },
    parameters: {},
  };
}

function parse(text: string, variable: string, query: Readonly<Record<string, string>>): URL {
  if (!URL.canParse(text)) {
    throw settingsError("azure", `${variable} is not a URL`, "Correct the variable, or unset it.");
  }
  const url = new URL(text);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

function readToken(body: string, now: number): { readonly token: string | undefined; readonly expiration: number } {
  try {
    const {
      access_token: token,
      expires_on: expiresOn,
      expires_in: expiresIn,
    } = JSON.parse(body) as {
      readonly access_token?: unknown;
      readonly expires_on?: unknown;
      readonly expires_in?: unknown;
    };
    const absolute = Number(expiresOn) * 1000;
    const expiration = Number.isFinite(absolute) && absolute > 0 ? absolute : now + (Number(expiresIn) || 3600) * 1000;
    return { token: typeof token === "string" && token !== "" ? token : undefined, expiration };
  } catch {
    return { token: undefined, expiration: now };
  }
}

function refusal({ status, body }: MetadataAnswer, asked: string, service: string): StorageError {
  if (status === 404 || status === 410) {
    return unauthenticated({
      operation,
      asked,
      httpStatus: status,
      retry: "temporary",
      detail: `${service} does not know the identity yet (${status})`,
      hint: "It is tried again; a new assignment takes some minutes. Check that this machine is one of Azure.",
    });
  }
  if (status === 400 && /identity not found|no managed identity|no assigned/i.test(body)) {
    return unauthenticated({
      operation,
      asked,
      httpStatus: status,
      detail: `${asked} is not assigned to this machine`,
      hint: "Assign it to the virtual machine or node pool, or use auth workload_identity.",
    });
  }
  if (status === 400 && /multiple user assigned/i.test(body)) {
    return unauthenticated({
      operation,
      asked,
      httpStatus: status,
      detail: "several identities are assigned to this machine",
      hint: "Say which one: parameter clientId (or objectId, resourceId), or AZURE_CLIENT_ID.",
    });
  }
  return unauthenticated({
    operation,
    asked,
    httpStatus: status,
    detail: `${service} refuses to answer (${status})`,
    hint: "Check that an identity is assigned to this machine, and the id that is asked for.",
  });
}

function unreachable(error: StorageError, service: string): StorageError {
  return unauthenticated({
    operation,
    asked: "the managed identity",
    detail: `${service} does not answer: ${error.detail}`,
    hint: "On Azure, check that nothing blocks 169.254.169.254; elsewhere use auth cli, service_principal, workload_identity, account_key or sas_token.",
    cause: error,
  });
}
