import { createStorageClient } from "../../../src/storage/create-storage-client.ts";
import type { WritableStorage } from "../../../src/storage/storage.ts";
import { isWritableStorage } from "../../../src/storage/storage-kinds.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import type { Logger } from "../../../src/telemetry/logger.ts";
import type { ObjectUri } from "../../../src/uri/object-uri.ts";

export interface OpenAzureOptions {
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly secret?: Readonly<Record<string, string>> | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/** Opens the Azure provider on a test server as its users do, with nothing of the outer environment. */
export async function openAzure(
  server: { readonly url: string },
  uri: ObjectUri | string,
  options: OpenAzureOptions = {},
): Promise<WritableStorage> {
  const { parameters = {}, secret, env = {}, clock, logger } = options;
  const { client } = await createStorageClient({
    storageUri: uri,
    parameters: { endpoint: server.url, ...parameters },
    secret,
    env: { HOME: "/nonexistent", ...env },
    clock,
    logger,
    random: () => 0,
  });
  if (!isWritableStorage(client)) throw new Error("the Azure provider does not write");
  return client;
}
