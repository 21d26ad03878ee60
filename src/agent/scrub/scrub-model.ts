import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { verifyDelivery } from "../../delivery/verify-delivery.ts";
import { StorageError } from "../../errors.ts";
import type { BytePace } from "./pace-bytes.ts";

export interface ScrubOptions {
  readonly pace: BytePace;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads every file of a proven model again and compares it with the proof. A file that rotted in place, its size and times
 * unchanged, gets a new modification time: that is the sign by which every later look, also after a restart, knows that the
 * file is not what was proven. Throws `checksum_mismatch` for a damaged model and `not_found` for one without a proof.
 */
export async function scrubModel(path: string, options: ScrubOptions): Promise<void> {
  const { pace, onBytes, signal } = options;
  let seen = 0;
  const { damaged } = await verifyDelivery({
    destination: path,
    signal,
    onProgress: ({ verifiedBytes }) => {
      const bytes = verifiedBytes - seen;
      seen = verifiedBytes;
      onBytes(bytes);
      return pace.took(bytes, signal);
    },
  });
  const [first] = damaged;
  if (first === undefined) return;
  for (const file of damaged) {
    if (file.state === "damaged") await utimes(join(path, file.path), new Date(), new Date());
  }
  const more = damaged.length === 1 ? "" : ` and ${damaged.length - 1} more`;
  throw new StorageError({
    code: "checksum_mismatch",
    operation: "verify",
    target: path,
    detail: `${first.path} is ${first.state}${more}`,
    hint: "It is repaired now; look for who or what changes files there.",
  });
}
