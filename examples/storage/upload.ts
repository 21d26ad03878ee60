import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createStorageClient, isWritableStorage, type StorageClientOptions } from "../../src/public/storage.ts";

/** Uploads one file, unless there is an object of that name already. */
export async function upload(
  path: string,
  storageUri: string,
  options: Partial<StorageClientOptions> = {},
): Promise<void> {
  const { client, objectUri } = await createStorageClient({ ...options, storageUri });
  try {
    if (!isWritableStorage(client)) throw new Error(`${client.provider} cannot be written to`);
    const { size } = await stat(path);
    await client.put(objectUri, createReadStream(path), { size, ifNoneMatch: true });
  } finally {
    await client.close();
  }
}
