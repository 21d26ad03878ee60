import {
  bulkDownload,
  createStorageClient,
  isBulkStorage,
  listObjects,
  pathBelow,
  type StorageClientOptions,
} from "../../src/public/storage.ts";

/** Downloads everything below a URI into a directory; gives the number of files. */
export async function download(
  storageUri: string,
  directory: string,
  options: Partial<StorageClientOptions> = {},
): Promise<number> {
  const { client, objectUri } = await createStorageClient({ ...options, storageUri });
  try {
    const items = [];
    for await (const info of listObjects(client, objectUri)) {
      if (!info.directoryMarker) items.push({ uri: info.uri, path: pathBelow(objectUri.key, info.key), info });
    }
    if (!isBulkStorage(client)) console.warn("this storage is read from front to back, one connection per file");
    const { files } = await bulkDownload(client, items, directory);
    return files.length;
  } finally {
    await client.close();
  }
}
