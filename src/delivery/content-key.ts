import type { PlannedFile } from "./planned-file.ts";

/** Smaller files are not worth a shared inode. */
const worthSharing = 64 * 1024;

/**
 * Files of equal keys have equal content: same size and same cryptographic digest, as the source tells it. Undefined for
 * a file that is fetched by itself. CRCs do not count: between different files of one model they may collide.
 */
export function contentKey({ size, info }: PlannedFile): string | undefined {
  if (size < worthSharing) return undefined;
  for (const digest of info.digests) {
    if (digest.algorithm.startsWith("crc")) continue;
    const parts = digest.kind === "composite" ? `-${digest.partCount}` : "";
    return `${size} ${digest.algorithm} ${digest.value}${parts}`;
  }
  return undefined;
}
