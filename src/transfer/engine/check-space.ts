import { StorageError } from "../../errors.ts";
import type { TransferTarget } from "../transfer-types.ts";

/** Refuses a transfer that does not fit the disk. Throws StorageError `no_space` naming what is needed, free, and where. */
export async function checkSpace(target: TransferTarget, neededBytes: number): Promise<void> {
  const free = await target.freeBytes();
  if (free !== undefined && free < neededBytes) throw noSpace(target.stagingDirectory, neededBytes, free);
}

function noSpace(where: string, neededBytes: number, freeBytes: number): StorageError {
  return new StorageError({
    code: "no_space",
    operation: "write",
    target: where,
    detail: `${text(neededBytes)} are needed, ${text(freeBytes)} are free`,
    hint: "Free some space there, or choose another destination.",
  });
}

/** Bytes for people, with the exact number. */
function text(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3;
  return gibibytes >= 0.1 ? `${gibibytes.toFixed(1)} GiB (${bytes} bytes)` : `${bytes} bytes`;
}
