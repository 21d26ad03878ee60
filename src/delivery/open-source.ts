import { createStorageClient } from "../storage/create-storage-client.ts";
import type { Storage } from "../storage/storage.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import type { DeliveryPlace } from "./delivery-types.ts";

/** Opens the source of a request for `use`, and closes it afterwards unless it is the caller's own client. */
export async function withSource<T>(
  { source, signal, logger, clock, random }: DeliveryPlace,
  use: (client: Storage, uri: ObjectUri) => Promise<T>,
): Promise<T> {
  if ("client" in source) return use(source.client, source.uri);
  const { client, objectUri } = await createStorageClient({ ...source, signal, logger, clock, random });
  try {
    return await use(client, objectUri);
  } finally {
    await client.close();
  }
}
