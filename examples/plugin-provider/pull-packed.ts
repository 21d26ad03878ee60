// In a project of your own: from "model-agent".
import {
  bulkDownload,
  createProviderRegistry,
  createStorageClient,
  listObjects,
  pathBelow,
} from "../../src/public/index.ts";
import { packedProvider } from "./packed-provider.ts";

/** Brings everything below a `packed://` URI to a directory; gives the paths that were brought. */
export async function pullPacked(storageUri: string, library: string, directory: string): Promise<string[]> {
  const registry = createProviderRegistry([packedProvider]);
  const { client, objectUri } = await createStorageClient({ storageUri, registry, parameters: { library } });
  try {
    const items = [];
    for await (const info of listObjects(client, objectUri, { exclude: ["*.md"] })) {
      items.push({ uri: info.uri, path: pathBelow(objectUri.key, info.key), info });
    }
    const { files } = await bulkDownload(client, items, directory);
    return files.map((file) => file.path);
  } finally {
    await client.close();
  }
}
