import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { StorageError, toStorageError } from "../errors.ts";
import { abortError } from "../storage/cancellation.ts";
import type { ObjectInfo, Storage } from "../storage/storage.ts";
import { type FileRecord, recordOf } from "../store/file-record.ts";
import { nodeFileSystem as fileSystem } from "../store/file-system.ts";
import { forEachParallel } from "../store/for-each-parallel.ts";
import { acquireLease, type Lease } from "../store/lease.ts";
import { findPathConflicts, pathConflictError } from "../store/path-conflicts.ts";
import { readProof } from "../store/proof.ts";
import { readPublicationList } from "../store/publication-list.ts";
import { createPublisher } from "../store/publishing.ts";
import { safePath } from "../store/safe-path.ts";
import { claimStaging, removeStaging } from "../store/staging.ts";
import { type Clock, systemClock } from "../telemetry/clock.ts";
import type { ProgressListener } from "../telemetry/progress.ts";
import { transfer } from "../transfer/transfer.ts";
import type { Verification } from "../transfer/transfer-types.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import type { FileTask } from "./assess-destination.ts";
import { checkDestination, checkWritable } from "./check-destination.ts";
import { checkExisting } from "./check-existing.ts";
import { clearEmpty } from "./clear-traces.ts";
import { completeDigests } from "./complete-digests.ts";
import { confirmDigests } from "./confirm-digests.ts";
import { originOf, type PlannedFile } from "./planned-file.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { requireSpace, spaceNeeded } from "./space-needed.ts";
import { transferRequests } from "./transfer-source.ts";
import { type EngineSettings, tuningOf } from "./transfer-tuning.ts";

/** One object to download. */
export interface BulkItem {
  readonly uri: ObjectUri;
  /** Where it goes, below the target directory. */
  readonly path: string;
  /** What a listing said of it; asked for when absent. */
  readonly info?: ObjectInfo | undefined;
}

export interface BulkOptions extends EngineSettings {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
  /** Wait for another writer of the directory instead of failing. */
  readonly wait?: boolean | undefined;
}

export interface BulkFile {
  readonly path: string;
  readonly size: number;
  readonly verification: Verification;
}

export interface BulkResult {
  readonly files: readonly BulkFile[];
  readonly fetchedBytes: number;
  readonly resumedBytes: number;
  /** Bytes of files that were there and whose digest was right. */
  readonly reusedBytes: number;
  readonly durationMs: number;
}

const parallelRequests = 16;

/**
 * Downloads given objects to given paths below a directory: in parallel ranges where the storage locates, from front to
 * back otherwise; each verified by the source's digest, published whole, resumed by the same call after an interruption.
 * The directory holds no proof afterwards; a model belongs to {@link deliver}.
 *
 * Throws `config_invalid` for a directory that holds a model, `unsafe_path`, `not_found`, `no_space`, `unavailable` when
 * someone else writes there, `cancelled`, and the errors of transfer and disk.
 */
export async function bulkDownload(
  client: Storage,
  items: Iterable<BulkItem>,
  directory: string,
  options: BulkOptions = {},
): Promise<BulkResult> {
  const { signal, clock = systemClock, wait } = options;
  const startedAt = clock.monotonic();
  try {
    const destination = await checkDestination(directory, undefined, fileSystem);
    const files = await describeItems(client, [...items], destination, signal);
    await refuseModel(destination);
    await checkWritable(destination, fileSystem);
    const lease = await acquireLease({ directory: destination, purpose: "download", wait, signal, clock });
    try {
      const written = await bringFiles({ client, destination, files, lease, options, clock });
      return { ...written, durationMs: clock.monotonic() - startedAt };
    } finally {
      await clearEmpty(destination, fileSystem);
      await lease.release();
    }
  } catch (error) {
    if (signal?.aborted) throw abortError(signal, "download to", directory);
    throw toStorageError(error, "download to", directory);
  }
}

interface Bulk {
  readonly client: Storage;
  readonly destination: string;
  readonly files: readonly PlannedFile[];
  readonly lease: Lease;
  readonly options: BulkOptions;
  readonly clock: Clock;
}

async function bringFiles(bulk: Bulk): Promise<Omit<BulkResult, "durationMs">> {
  const { client, destination, files, lease, options, clock } = bulk;
  const signal = options.signal === undefined ? lease.lost : AbortSignal.any([options.signal, lease.lost]);
  const records = new Map<string, FileRecord>();
  const meter = new ProgressMeter(options.onProgress, clock);
  meter.planned(files.length, sumSizes(files));
  const onKept = async (record: FileRecord): Promise<void> => {
    records.set(record.path, record);
  };
  const tasks = await tasksOf(destination, files, signal);
  const missing = await checkExisting(tasks, { destination, fileSystem, meter, signal, onKept });
  const reusedBytes = sumSizes(files) - sumSizes(missing);
  const sizes = missing.map(({ size }) => size);
  requireSpace(destination, await spaceNeeded(destination, sizes, fileSystem));
  const planned = new Map(files.map((file) => [file.path, file]));
  const target = createPublisher({
    destination,
    stagingDirectory: await claimStaging(destination, lease.token, fileSystem),
    beforeRename: async (published) => {
      await lease.assertHeld();
      for (const file of published) {
        const plannedFile = planned.get(file.path);
        if (plannedFile !== undefined) records.set(file.path, recordOf(file, originOf(plannedFile)));
      }
    },
  });
  meter.transferring();
  const result = await transfer(transferRequests(client, missing), {
    ...tuningOf(options),
    target,
    signal,
    confirmDigests: confirmDigests(client, (path) => planned.get(path), signal),
    onProgress: (progress) => meter.transferring(progress),
  });
  meter.finalizing();
  await removeStaging(destination, fileSystem);
  const { fetchedBytes, resumedBytes } = result;
  const brought = files.flatMap(({ path }) => records.get(path) ?? []);
  const described = brought.map(({ path, size, verification }) => ({ path, size, verification }));
  return { files: described, fetchedBytes, resumedBytes, reusedBytes };
}

/** Checks the paths before the first request, then asks for what is not known of the objects. */
async function describeItems(
  client: Storage,
  items: readonly BulkItem[],
  destination: string,
  signal: AbortSignal | undefined,
): Promise<readonly PlannedFile[]> {
  for (const { path } of items) safePath(path, destination);
  const conflict = findPathConflicts(items.map(({ path }) => path)).find(({ kind }) => kind !== "folded");
  if (conflict !== undefined) throw pathConflictError(conflict, destination);
  const infos = new Map<BulkItem, ObjectInfo>();
  await forEachParallel(
    items,
    parallelRequests,
    async (item) => {
      infos.set(item, item.info ?? (await client.stat(item.uri, { signal })));
    },
    signal,
  );
  const described = items.flatMap((item) => {
    const info = infos.get(item);
    return info === undefined ? [] : [{ path: item.path, size: info.size, info }];
  });
  return (await completeDigests(client, described, signal)).map((file) => ({ ...file, priority: 0 }));
}

async function tasksOf(
  destination: string,
  files: readonly PlannedFile[],
  signal: AbortSignal,
): Promise<readonly FileTask[]> {
  const tasks: FileTask[] = [];
  await forEachParallel(
    files,
    parallelRequests,
    async (file) => {
      const found = await lstat(join(destination, file.path)).catch(() => undefined);
      const adoptable = found?.isFile() === true && found.size === file.size && file.info.digests.length > 0;
      tasks.push({ file, todo: adoptable ? "adopt" : "fetch" });
    },
    signal,
  );
  return tasks;
}

async function refuseModel(destination: string): Promise<void> {
  const proof = await readProof(destination, fileSystem);
  if (proof === undefined && (await readPublicationList(destination, fileSystem)).size === 0) return;
  throw new StorageError({
    code: "config_invalid",
    operation: "download to",
    target: destination,
    detail: "the directory holds a delivered model",
    hint: "Choose another directory, or deliver the model anew.",
  });
}

function sumSizes(files: readonly PlannedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
