import { createStorageClient, exists, readRange, type StorageClientOptions } from "../../src/public/storage.ts";

/** The content of a small JSON object; undefined when there is no such object. */
export async function readJson(storageUri: string, options: Partial<StorageClientOptions> = {}): Promise<unknown> {
  const { client, objectUri } = await createStorageClient({ ...options, storageUri });
  try {
    if (!(await exists(client, objectUri))) return undefined;
    return JSON.parse(Buffer.from(await readRange(client, objectUri)).toString("utf8"));
  } finally {
    await client.close();
  }
}
