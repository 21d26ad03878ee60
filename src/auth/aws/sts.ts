import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetCallerIdentityCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import type { AwsRequestHandler } from "../../network/aws-request-handler.ts";
import type { AuthRequest } from "../auth-request.ts";
import { awsAuthError, unauthenticated } from "./auth-error.ts";
import type { AssumeRoleSettings, WebIdentitySettings } from "./choose-settings.ts";
import type { AwsKeys } from "./credentials.ts";
import { keysForSdk, keysFromSdk, shortKeyId } from "./loaded-keys.ts";

type RoleParameters = Omit<AssumeRoleSettings, "type" | "source">;
type WebIdentityParameters = Omit<WebIdentitySettings, "type" | "tokenFile">;

/** The Security Token Service: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html. */
export interface Sts {
  /** @throws StorageError `unauthenticated` naming caller and role, or why STS cannot be asked. */
  assumeRole(keys: AwsKeys, role: RoleParameters, signal: AbortSignal): Promise<AwsKeys>;
  assumeRoleWithWebIdentity(token: string, role: WebIdentityParameters, signal: AbortSignal): Promise<AwsKeys>;
  /** ARN that the keys belong to. */
  callerArn(keys: AwsKeys, signal: AbortSignal): Promise<string>;
}

/**
 * STS in the request's region (`AWS_REGION`, `AWS_DEFAULT_REGION`, else us-east-1) or at `AWS_ENDPOINT_URL_STS`,
 * `AWS_ENDPOINT_URL`. The SDK's retries are the only ones here.
 */
export function createSts(request: Pick<AuthRequest, "env" | "region">, requestHandler: AwsRequestHandler): Sts {
  const { env } = request;
  const region = request.region || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || "us-east-1";
  const endpoint = env["AWS_ENDPOINT_URL_STS"] || env["AWS_ENDPOINT_URL"] || undefined;
  const host = endpoint === undefined || !URL.canParse(endpoint) ? `STS in ${region}` : new URL(endpoint).host;

  const clientFor = (keys: AwsKeys | undefined): STSClient =>
    new STSClient({
      region,
      requestHandler,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(keys === undefined ? {} : { credentials: keysForSdk(keys) }),
    });

  return {
    async assumeRole(keys, role, signal) {
      const operation = "assume role";
      const command = new AssumeRoleCommand({
        RoleArn: role.roleArn,
        RoleSessionName: role.sessionName,
        ExternalId: role.externalId,
        DurationSeconds: role.durationSeconds,
      });
      try {
        const answer = await clientFor(keys).send(command, { abortSignal: signal });
        return keysOf(answer.Credentials, operation, role.roleArn);
      } catch (error) {
        const secrets = [keys.secretAccessKey, keys.sessionToken, role.externalId];
        throw awsAuthError(error, {
          operation,
          asked: role.roleArn,
          caller: shortKeyId(keys.accessKeyId),
          host,
          secrets,
        });
      }
    },

    async assumeRoleWithWebIdentity(token, role, signal) {
      const operation = "assume role with web identity";
      const command = new AssumeRoleWithWebIdentityCommand({
        RoleArn: role.roleArn,
        RoleSessionName: role.sessionName,
        WebIdentityToken: token,
        DurationSeconds: role.durationSeconds,
      });
      try {
        const answer = await clientFor(undefined).send(command, { abortSignal: signal });
        return keysOf(answer.Credentials, operation, role.roleArn);
      } catch (error) {
        throw awsAuthError(error, { operation, asked: role.roleArn, host, secrets: [token] });
      }
    },

    async callerArn(keys, signal) {
      const asked = shortKeyId(keys.accessKeyId);
      const operation = "identify caller";
      try {
        const answer = await clientFor(keys).send(new GetCallerIdentityCommand({}), { abortSignal: signal });
        if (answer.Arn !== undefined) return answer.Arn;
      } catch (error) {
        const secrets = [keys.secretAccessKey, keys.sessionToken];
        throw awsAuthError(error, { operation, asked, caller: asked, host, secrets });
      }
      throw incomplete(operation, asked);
    },
  };
}

function keysOf(credentials: Credentials | undefined, operation: string, asked: string): AwsKeys {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  if (AccessKeyId === undefined || SecretAccessKey === undefined) throw incomplete(operation, asked);
  return keysFromSdk({
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  });
}

function incomplete(operation: string, asked: string): Error {
  return unauthenticated({
    operation,
    asked,
    detail: "the answer of STS is incomplete",
    hint: "Check that AWS_ENDPOINT_URL_STS points to a Security Token Service.",
  });
}
