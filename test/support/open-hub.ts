import {
  createStorageClient,
  type StorageClient,
  type StorageClientOptions,
} from "../../src/storage/create-storage-client.ts";
import type { FakeHub } from "../../src/testing/fake-hub/index.ts";

/** Opens a repository of a fake Hub, which takes the place of Hugging Face's own. */
export function openHub(
  hub: Pick<FakeHub, "url">,
  storageUri: StorageClientOptions["storageUri"],
  options: Omit<StorageClientOptions, "storageUri"> = {},
): Promise<StorageClient> {
  return createStorageClient({
    ...options,
    storageUri,
    env: { HOME: "/nonexistent", HF_ENDPOINT: hub.url, ...options.env },
  });
}
