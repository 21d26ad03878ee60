import {
  createStorageClient,
  type StorageClient,
  type StorageClientOptions,
} from "../../src/storage/create-storage-client.ts";
import type { FakeGithub } from "../../src/testing/fake-github/index.ts";

/** Opens a release of a fake GitHub, which takes the place of the real one. */
export function openGithub(
  github: Pick<FakeGithub, "url">,
  storageUri: StorageClientOptions["storageUri"],
  options: Omit<StorageClientOptions, "storageUri"> = {},
): Promise<StorageClient> {
  return createStorageClient({ ...options, storageUri, env: { GITHUB_API_URL: github.url, ...options.env } });
}
