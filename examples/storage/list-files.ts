import { createStorageClient, listObjects, type StorageClientOptions } from "../../src/public/storage.ts";

/** Sizes of the weights below a URI, by key. */
export async function weightSizes(
  storageUri: string,
  options: Partial<StorageClientOptions> = {},
): Promise<Map<string, number>> {
  const { client, objectUri } = await createStorageClient({ ...options, storageUri });
  try {
    const sizes = new Map<string, number>();
    for await (const info of listObjects(client, objectUri, { include: ["*.safetensors"], exclude: ["original/**"] })) {
      sizes.set(info.key, info.size);
    }
    return sizes;
  } finally {
    await client.close();
  }
}
