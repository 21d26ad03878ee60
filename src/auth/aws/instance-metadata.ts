import type { Dispatcher } from "undici";
import { StorageError } from "../../errors.ts";
import type { AuthRequest } from "../auth-request.ts";
import { askMetadata, type MetadataAnswer, type MetadataContext, waitForMetadata } from "../metadata-service.ts";
import { settingsError } from "../settings.ts";
import { unauthenticated } from "./auth-error.ts";
import { type KeySource, loadedKeys } from "./loaded-keys.ts";
import { parseKeys } from "./parse-keys.ts";

const rolesPath = "/latest/meta-data/iam/security-credentials/";
const operation = "get keys of the instance role";
const asked = "the instance's role";
/** Milliseconds after which an unanswered token request is looked into. */
const hopLimitProbeMs = 4_000;

/**
 * Keys of the EC2 instance's role, by IMDSv2: a session token (`PUT /latest/api/token`), the role's name, its keys
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html). Where the token path does not
 * exist (some interceptors), tokenless requests follow unless `AWS_EC2_METADATA_V1_DISABLED` is set.
 */
export function instanceMetadataSource(
  request: Pick<AuthRequest, "env" | "clock" | "logger">,
  dispatcher: Dispatcher,
): KeySource {
  const { env, clock, logger } = request;
  if (isOn(env["AWS_EC2_METADATA_DISABLED"])) {
    return async () => {
      throw unauthenticated({
        operation,
        asked,
        detail: "instance metadata is switched off by AWS_EC2_METADATA_DISABLED",
        hint: "Unset the variable, or give other credentials.",
      });
    };
  }
  const endpoint = endpointOf(env);
  const context: MetadataContext = {
    dispatcher,
    clock,
    logger,
    service: "EC2 instance metadata",
    operation,
    provider: "aws",
    patient: env["KUBERNETES_SERVICE_HOST"] !== undefined,
  };
  const get = (path: string, token: string | undefined, signal: AbortSignal): Promise<MetadataAnswer> =>
    askMetadata(
      context,
      { url: new URL(path, endpoint), headers: token === undefined ? {} : { "x-aws-ec2-metadata-token": token } },
      signal,
    );

  async function sessionToken(signal: AbortSignal): Promise<string | undefined> {
    const asking = new AbortController();
    const put = askMetadata(
      context,
      {
        url: new URL("/latest/api/token", endpoint),
        method: "PUT",
        headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21600" },
      },
      AbortSignal.any([signal, asking.signal]),
    );
    const ended = new AbortController();
    try {
      const answer = await Promise.race([put, hopLimitProbe(AbortSignal.any([signal, ended.signal]))]);
      if (answer.status === 200) return answer.body;
      if ([403, 404, 405].includes(answer.status) && !isOn(env["AWS_EC2_METADATA_V1_DISABLED"])) return undefined;
      throw refusal(answer.status);
    } finally {
      ended.abort();
      asking.abort();
      put.catch(() => {});
    }
  }

  /**
   * Answers to the token request carry a hop limit, answers to others do not. When the service asks for a token at once and
   * its answer to the token request does not come, the limit is in the way, and waiting longer is of no use.
   */
  async function hopLimitProbe(signal: AbortSignal): Promise<never> {
    try {
      await clock.sleep(hopLimitProbeMs, signal);
      const { status } = await get(rolesPath, undefined, signal);
      if (status === 401) throw hopLimitError();
    } catch (error) {
      if (error instanceof StorageError && error.code === "unauthenticated") throw error;
    }
    return new Promise<never>(() => {});
  }

  return (signal) =>
    waitForMetadata(context, signal, async () => {
      const token = await sessionToken(signal);
      const roles = await get(rolesPath, token, signal);
      if (roles.status !== 200) throw refusal(roles.status);
      const role = roles.body.trim().split("\n")[0]?.trim() ?? "";
      if (role === "") throw refusal(404);
      const answer = await get(rolesPath + encodeURIComponent(role), token, signal);
      if (answer.status !== 200) throw refusal(answer.status);
      const keys = parseKeys(answer.body, { operation, asked: `role ${role} of the instance` });
      return loadedKeys(keys, `instance metadata (role ${role})`);
    });
}

function endpointOf(env: AuthRequest["env"]): URL {
  const address = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"];
  const version6 = env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.toLowerCase() === "ipv6";
  const text = address || (version6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
  if (URL.canParse(text)) return new URL(text);
  throw settingsError("aws", "AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL", "Correct the variable, or unset it.");
}

function refusal(status: number): StorageError {
  if (status === 404) {
    return unauthenticated({
      operation,
      asked,
      httpStatus: status,
      detail: "no IAM role is attached to this instance",
      hint: "Attach an instance profile, or give other credentials (IRSA, EKS Pod Identity, keys in a Secret).",
    });
  }
  if (status === 401) {
    return unauthenticated({
      operation,
      asked,
      httpStatus: status,
      retry: "temporary",
      detail: "instance metadata refuses its own session token",
      hint: "It is tried again; check for something that intercepts 169.254.169.254.",
    });
  }
  return unauthenticated({
    operation,
    asked,
    httpStatus: status,
    detail: `instance metadata refuses to answer (${status})`,
    hint: "Check that the instance's metadata options are enabled and that no network policy blocks 169.254.169.254.",
  });
}

function hopLimitError(): StorageError {
  return unauthenticated({
    operation,
    asked,
    detail: "instance metadata answers, but its session token does not arrive: the hop limit is too low for containers",
    hint: "Set the instance's metadata hop limit (HttpPutResponseHopLimit) to 2, or use IRSA or EKS Pod Identity.",
  });
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value.toLowerCase() !== "false";
}
