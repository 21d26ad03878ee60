import { isAbsolute, resolve } from "node:path";
import { StorageError, toStorageError } from "../errors.ts";
import { abortError } from "../storage/cancellation.ts";
import type { FileRecord } from "../store/file-record.ts";
import { nodeFileSystem as fileSystem } from "../store/file-system.ts";
import { forEachParallel } from "../store/for-each-parallel.ts";
import { acquireLease } from "../store/lease.ts";
import { type Proof, readProof, withdrawProof } from "../store/proof.ts";
import { openPublicationList } from "../store/publication-list.ts";
import { removeFiles } from "../store/remove-files.ts";
import { type VerifiedFile, verifyFile } from "../store/verify-file.ts";
import type { Clock } from "../telemetry/clock.ts";
import { loadCrc } from "../transfer/digest/crc.ts";

export interface VerifyDeliveryRequest {
  /** Absolute directory of the model. */
  readonly destination: string;
  /**
   * Prepare the repair of what is damaged: the proof is withdrawn and damaged files are removed, so that the next delivery
   * fetches those and nothing else. Needs the lease of the destination.
   */
  readonly repair?: boolean | undefined;
  /** Wait for another writer instead of failing, when repairing. */
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reading goes on when what it returns has resolved, so that it can hold a pace. */
  readonly onProgress?: ((progress: VerifyProgress) => unknown) | undefined;
  readonly clock?: Clock | undefined;
}

export interface VerifyProgress {
  readonly totalBytes: number;
  readonly verifiedBytes: number;
  readonly totalFiles: number;
  readonly verifiedFiles: number;
}

export interface VerifyResult {
  readonly proof: Proof;
  /** Files that are not what the proof says, sorted by path; empty when the model is intact. */
  readonly damaged: readonly VerifiedFile[];
  readonly bytes: number;
}

/** One file is read while another one is hashed. */
const parallelReads = 2;

/**
 * Reads every file of a proven model and compares its units with the proof. Memory stays at a few MiB and the event loop
 * free. Throws `not_found` where there is no proof, `cancelled`, and with `repair` what taking the lease throws.
 */
export async function verifyDelivery(request: VerifyDeliveryRequest): Promise<VerifyResult> {
  const { destination, signal } = request;
  try {
    if (!isAbsolute(destination)) throw noProof(destination, "it is not an absolute path");
    if (request.repair !== true) return await verify(resolve(destination), request);
    if ((await readProof(destination, fileSystem)) === undefined) throw noProof(destination);
    const { wait, clock } = request;
    const lease = await acquireLease({ directory: destination, purpose: "repair", wait, signal, clock });
    try {
      const result = await verify(resolve(destination), request);
      await lease.assertHeld();
      await prepareRepair(destination, result);
      return result;
    } finally {
      await lease.release();
    }
  } catch (error) {
    if (signal?.aborted) throw abortError(signal, "verify", destination);
    throw toStorageError(error, "verify", destination);
  }
}

async function verify(destination: string, request: VerifyDeliveryRequest): Promise<VerifyResult> {
  const { signal, onProgress } = request;
  const proof = await readProof(destination, fileSystem);
  if (proof === undefined) throw noProof(destination);
  const damaged: VerifiedFile[] = [];
  const progress = { verifiedBytes: 0, verifiedFiles: 0 };
  const { files: totalFiles, bytes: totalBytes } = proof.totals;
  const onBytes = (bytes: number): unknown => {
    progress.verifiedBytes += bytes;
    return onProgress?.({ totalBytes, totalFiles, ...progress });
  };
  const readOne = async (record: FileRecord): Promise<void> => {
    const checksum = (await loadCrc(record.units.algorithm))();
    const result = await verifyFile(destination, record, { checksum, signal, onBytes });
    if (result.state !== "intact") damaged.push(result);
    progress.verifiedFiles += 1;
    onProgress?.({ totalBytes, totalFiles, ...progress });
  };
  await forEachParallel(proof.files, parallelReads, readOne, signal);
  damaged.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { proof, damaged, bytes: progress.verifiedBytes };
}

/** Keeps what is known of intact files where the next delivery looks for it. */
async function prepareRepair(destination: string, { proof, damaged }: VerifyResult): Promise<void> {
  if (damaged.length === 0) return;
  const bad = new Set(damaged.map(({ path }) => path));
  const list = await openPublicationList(destination, fileSystem);
  try {
    await list.append(proof.files.filter(({ path }) => !bad.has(path)));
    await list.sync();
  } finally {
    await list.close();
  }
  await withdrawProof(destination, fileSystem);
  await removeFiles(destination, bad, fileSystem);
}

function noProof(destination: string, detail = "there is no proof of a finished model"): StorageError {
  return new StorageError({
    code: "not_found",
    operation: "verify",
    target: destination,
    detail,
    hint: "Name the directory of a model that was delivered, or deliver it first.",
  });
}
