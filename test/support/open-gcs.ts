import { createStorageClient } from "../../src/storage/create-storage-client.ts";
import type { WritableStorage } from "../../src/storage/storage.ts";
import { isWritableStorage } from "../../src/storage/storage-kinds.ts";
import type { Clock } from "../../src/telemetry/clock.ts";
import type { Logger } from "../../src/telemetry/logger.ts";
import type { ObjectUri } from "../../src/uri/object-uri.ts";

/** Opens the provider as its users do, with nothing of the outer environment. */
export async function openGcs(
  uri: ObjectUri | string,
  options: {
    readonly parameters?: Readonly<Record<string, unknown>> | undefined;
    readonly secret?: Readonly<Record<string, string>> | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
    readonly clock?: Clock | undefined;
    readonly logger?: Logger | undefined;
  } = {},
): Promise<WritableStorage> {
  const { client } = await createStorageClient({ storageUri: uri, env: {}, random: () => 0, ...options });
  if (!isWritableStorage(client)) throw new Error("the provider does not write");
  return client;
}
