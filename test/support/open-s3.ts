import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import type { WritableStorage } from "../../src/storage/storage.ts";
import { isWritableStorage } from "../../src/storage/storage-kinds.ts";
import type { Clock } from "../../src/telemetry/clock.ts";
import type { Logger } from "../../src/telemetry/logger.ts";
import type { ObjectUri } from "../../src/uri/object-uri.ts";
import { testKeys } from "./sdk-s3-client.ts";

/** Opens the S3 provider on a test server as its users do, with nothing of the outer environment. */
export async function openS3(
  server: { readonly url: string },
  uri: ObjectUri | string,
  options: {
    readonly parameters?: Readonly<Record<string, unknown>> | undefined;
    readonly keys?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
    readonly clock?: Clock | undefined;
    readonly logger?: Logger | undefined;
  } = {},
): Promise<WritableStorage> {
  const { parameters = {}, keys = testKeys, env = {}, clock, logger } = options;
  const login = "auth" in parameters || Object.keys(env).some((name) => name.startsWith("AWS_ACCESS")) ? {} : keys;
  const { client } = await createStorageClient({
    storageUri: uri,
    parameters: { endpoint: server.url, ...login, ...parameters },
    env,
    clock,
    logger,
    random: () => 0,
  });
  if (!isWritableStorage(client)) throw new Error("the S3 provider does not write");
  return client;
}
