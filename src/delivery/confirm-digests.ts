import type { Digest } from "../storage/digest.ts";
import type { Storage } from "../storage/storage.ts";
import type { TransferFile } from "../transfer/transfer-types.ts";
import type { PlannedFile } from "./planned-file.ts";

/**
 * What the source says of a file's digests when it is asked for that file alone, for the engine's question about an inferred one
 * that did not match. A file that is another version by now keeps the digests that it was planned with: the mismatch stands.
 */
export function confirmDigests(
  client: Storage,
  planned: (path: string) => PlannedFile | undefined,
  signal?: AbortSignal,
): (file: TransferFile) => Promise<readonly Digest[]> {
  return async ({ path, digests }) => {
    const info = planned(path)?.info;
    if (info === undefined) return digests;
    const now = await client.stat(info.uri, { signal });
    const same =
      now.size === info.size && (info.version === undefined ? now.etag === info.etag : now.version === info.version);
    return same ? now.digests : digests;
  };
}
