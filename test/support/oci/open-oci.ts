import { createStorageClient } from "../../../src/storage/create-storage-client.ts";
import type { WritableStorage } from "../../../src/storage/storage.ts";
import { isWritableStorage } from "../../../src/storage/storage-kinds.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import type { Logger } from "../../../src/telemetry/logger.ts";
import type { ObjectUri } from "../../../src/uri/object-uri.ts";
import type { TestUser } from "./api-key.ts";

/** A Secret that logs a test user in. */
export function secretOf({ tenancy, user, fingerprint, pem }: TestUser): Record<string, string> {
  return { tenancy, user, fingerprint, privateKey: pem };
}

/** Opens the OCI provider on a test server as its users do, with nothing of the outer environment. */
export async function openOci(
  server: { readonly url: string; readonly region?: string },
  uri: ObjectUri | string,
  options: {
    readonly parameters?: Readonly<Record<string, unknown>> | undefined;
    readonly secret?: Readonly<Record<string, string>> | undefined;
    readonly env?: Readonly<Record<string, string>> | undefined;
    readonly clock?: Clock | undefined;
    readonly logger?: Logger | undefined;
  } = {},
): Promise<WritableStorage> {
  const { parameters = {}, secret, env = {}, clock, logger } = options;
  const region = server.region === undefined ? {} : { region: server.region };
  const { client } = await createStorageClient({
    storageUri: uri,
    parameters: { endpoint: server.url, ...region, ...parameters },
    secret,
    env: { HOME: "/nonexistent", ...env },
    clock,
    logger,
    random: () => 0,
  });
  if (!isWritableStorage(client)) throw new Error("the OCI provider does not write");
  return client;
}
