import { TransferEngine } from "./engine/transfer-engine.ts";
import type { TransferFile, TransferOptions, TransferResult } from "./transfer-types.ts";

/**
 * Brings files to disk: reads every file from its sources in parallel ranges, proves it against the digests that the source
 * offers, and publishes it through the target. Continues where an earlier transfer into the same staging directory stopped.
 *
 * @throws StorageError of the first file that fails for good, after everything else was stopped; the state stays resumable.
 *   `cancelled` when the signal aborts, `no_space` before the first byte when the disk is too small.
 */
export function transfer(files: readonly TransferFile[], options: TransferOptions): Promise<TransferResult> {
  return new TransferEngine(files, options).run();
}
