import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Dispatcher } from "undici";
import type { StorageError } from "../../errors.ts";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataAnswer, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { unauthenticated } from "./auth-error.ts";
import { type KeySource, loadedKeys } from "./loaded-keys.ts";
import { parseKeys } from "./parse-keys.ts";
import { readTokenFile } from "./web-identity.ts";

const operation = "get keys of the container's role";
const asked = "the container's role";

/** Hosts that may be asked without TLS: the ECS agent's and the EKS Pod Identity agent's. */
const agentHosts: ReadonlySet<string> = new Set(["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]);

/** True when the environment names a container credential endpoint. */
export function hasContainerEndpoint(env: AuthRequest["env"]): boolean {
  return Boolean(env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] || env["AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
}

/**
 * Keys of the container's role from the ECS agent or the EKS Pod Identity agent
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html). The authorization token's file is
 * read anew each time, because it rotates.
 *
 * @throws StorageError `config_invalid` when the environment names no endpoint, or one that must not be asked in the clear.
 */
export function containerMetadataSource(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  dispatcher: Dispatcher,
): KeySource {
  const { env, clock, logger } = request;
  const url = endpointOf(env);
  const context: MetadataContext = {
    dispatcher,
    clock,
    logger,
    service: `container credentials at ${url.host}`,
    operation,
    provider: "aws",
    patient: true,
  };
  return (signal) =>
    waitForMetadata(context, signal, async () => {
      const authorization = await authorizationOf(env);
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await askMetadata(context, { url, headers: { accept: "application/json", ...headers } }, signal);
      if (answer.status !== 200) throw refusal(answer, authorization !== undefined);
      return loadedKeys(parseKeys(answer.body, { operation, asked }), `container credentials (${url.host})`);
    });
}

function endpointOf(env: AuthRequest["env"]): URL {
  const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const full = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  const name = relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const text = relative ? `http://169.254.170.2${relative}` : full;
  if (!text) {
    throw settingsError(
      "aws",
      "auth ecs_task_role: the environment names no container credentials",
      "Run as an ECS task with a task role or in a pod with an EKS Pod Identity association; they set AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI.",
    );
  }
  if (!URL.canParse(text)) throw settingsError("aws", `${name} is not a URL`, `Correct ${name}, or unset it.`);
  const url = new URL(text);
  if (url.protocol === "https:" || (url.protocol === "http:" && isLocalAgent(url))) return url;
  throw settingsError(
    "aws",
    `${name} points to ${url.host}, which must not be asked without TLS`,
    "Use https, a loopback address, or the address of the ECS or EKS agent.",
  );
}

function isLocalAgent(url: URL): boolean {
  const host = url.hostname.replace(/^\[(.+)\]$/, "$1");
  if (host === "localhost" || agentHosts.has(host)) return true;
  return isIP(host) !== 0 && ipaddr.process(host).range() === "loopback";
}

async function authorizationOf(env: AuthRequest["env"]): Promise<string | undefined> {
  const file = env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  const token = file ? await readTokenFile(file, asked) : env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]?.trim();
  if (token?.match(/[\r\n]/))
    throw settingsError("aws", "the container authorization token has a line break", "Correct the token.");
  return token || undefined;
}

function refusal({ status, body }: MetadataAnswer, withToken: boolean): StorageError {
  const code = serviceCode(body);
  return unauthenticated({
    operation,
    asked,
    httpStatus: status,
    detail: `the container credential service refuses (${status}${code === undefined ? "" : `, ${code}`})`,
    hint: withToken
      ? "Check the pod identity association or task role, and that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is the current token."
      : "The service probably wants a token: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is not set.",
  });
}

/** The service's own code, when it is a plain word: bodies are not repeated. */
function serviceCode(body: string): string | undefined {
  try {
    const parsed = JSON.parse(body) as { readonly code?: unknown; readonly Code?: unknown };
    const code = parsed.code ?? parsed.Code;
    return typeof code === "string" && /^\w{1,64}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
