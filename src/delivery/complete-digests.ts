import type { ObjectInfo, Storage } from "../storage/storage.ts";
import { forEachParallel } from "../store/for-each-parallel.ts";
import type { SourceFile } from "./scan-source.ts";

/** Above this size the price of one request is nothing beside a proof that can be computed in parallel. */
const worthAsking = 16 * 1024 * 1024;
const parallelStats = 16;

/**
 * Asks the source about files of which the listing does not tell everything, where that matters: large ones, and those
 * of which the listing offers no digest of the whole. Returns the files in the same order; one that changed since it was
 * listed is returned as it is now.
 */
export async function completeDigests(
  client: Storage,
  files: readonly SourceFile[],
  signal?: AbortSignal,
): Promise<readonly SourceFile[]> {
  const completed = [...files];
  const asking = [...files.entries()].filter(([, { info }]) => isWorthAsking(info));
  await forEachParallel(
    asking,
    parallelStats,
    async ([index, file]) => {
      const info = await client.stat(file.info.uri, { signal });
      completed[index] = { ...file, size: info.size, info };
    },
    signal,
  );
  return completed;
}

function isWorthAsking({ size, digests, digestsFinal }: ObjectInfo): boolean {
  if (digestsFinal || size === 0) return false;
  return size >= worthAsking || !digests.some((digest) => digest.kind === "full");
}
