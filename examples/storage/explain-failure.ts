import { createStorageClient, isStorageError, type StorageClientOptions } from "../../src/public/storage.ts";

/** What a caller can do about a storage that cannot be read; undefined when it can. */
export async function explainFailure(
  storageUri: string,
  options: Partial<StorageClientOptions> = {},
): Promise<string | undefined> {
  try {
    const { client, objectUri } = await createStorageClient({ ...options, storageUri });
    try {
      for await (const _info of client.list(objectUri, { maxResults: 1 })) return undefined;
      return "There is nothing below that URI.";
    } finally {
      await client.close();
    }
  } catch (error) {
    if (!isStorageError(error)) throw error;
    switch (error.code) {
      case "unauthenticated":
      case "permission_denied":
        return `Ask the owner of ${error.target} for access. ${error.hint}`;
      case "config_invalid":
        return error.hint;
      default:
        return error.retry === "permanent" ? error.message : `Try again later: ${error.message}`;
    }
  }
}
