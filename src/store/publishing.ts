import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { StorageError } from "../errors.ts";
import type { TransferredFile, TransferTarget } from "../transfer/transfer-types.ts";
import { makeParents, syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, nodeFileSystem, systemErrorCode } from "./file-system.ts";
import { forEachParallel } from "./for-each-parallel.ts";
import { safePath } from "./safe-path.ts";
import { readDiskSpace } from "./space.ts";

/** Files that go through one batch of syncs, renames and directory syncs; bounds memory and the wait of a single file. */
const maxBatch = 256;
/** Syncs under way at once: file systems commit what waits together, so many cost little more than one. */
const parallelSyncs = 16;
/**
 * A rename costs less than the way through the thread pool and back, which it would make everything else in there wait for, too: renames
 * are called directly, for at most this many milliseconds at a stretch.
 */
const renameSliceMs = 5;
const publishedMode = 0o444;

/** A file under its final name, and what `stat` says of it as long as nobody touches it. */
export interface PublishedFile extends TransferredFile {
  /** Modification time in nanoseconds since the epoch, in decimal digits. */
  readonly mtimeNs: string;
  /** Inode number in decimal digits. */
  readonly inode: string;
  /** Its first 256 bytes, one character each (latin1), where they are known. */
  readonly head?: string | undefined;
}

export interface PublisherOptions {
  /** Absolute path of an existing directory with its metadata directory. */
  readonly destination: string;
  /** Absolute path of the writer's own staging directory (see `claimStaging`). */
  readonly stagingDirectory: string;
  /**
   * Called for each batch when its data is durable and before any of it is renamed; throwing publishes nothing of it. The
   * place to check the lease and to record the files: size, time and inode survive the rename, so a record of a file
   * that was never renamed is recognised by the inode under the final name.
   */
  readonly beforeRename?: ((files: readonly PublishedFile[]) => Promise<void>) | undefined;
  readonly fileSystem?: FileSystem | undefined;
  /** Leave files the modes they have: they are names of files that somebody else owns. Default false. */
  readonly keepModes?: boolean | undefined;
}

interface Waiting {
  readonly stagedPath: string;
  readonly file: TransferredFile;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The engine's target over one destination. Publishes whole, verified staged files below it: data fsync, rename, directory fsync, in batches
 * of whatever waits, so that `publish` calls that overlap share their syncs. A file that is there already is replaced atomically.
 */
export function createPublisher(options: PublisherOptions): TransferTarget {
  const { destination, stagingDirectory, fileSystem = nodeFileSystem } = options;
  const queue: Waiting[] = [];
  let running = false;

  const flush = async (): Promise<void> => {
    running = true;
    while (queue.length > 0) {
      const batch = queue.splice(0, maxBatch);
      try {
        for (const { waiting } of await publishBatch(fileSystem, batch, options)) waiting.resolve();
      } catch (error) {
        for (const waiting of batch) waiting.reject(diskError(error, "publish", join(destination, waiting.file.path)));
      }
    }
    running = false;
  };

  return {
    stagingDirectory,
    fileMode: options.keepModes === true ? undefined : publishedMode,
    freeBytes: async () => (await readDiskSpace(destination, fileSystem))?.freeBytes,
    publish: (stagedPath, file) =>
      new Promise((resolve, reject) => {
        safePath(file.path, destination);
        queue.push({ stagedPath, file, resolve, reject });
        if (!running) void flush();
      }),
  };
}

interface Done {
  readonly file: PublishedFile;
  readonly waiting: Waiting;
}

/** Rejects what fails by itself and returns what is durable under its final name. */
async function publishBatch(
  fileSystem: FileSystem,
  batch: readonly Waiting[],
  { destination, beforeRename, keepModes = false }: PublisherOptions,
): Promise<readonly Done[]> {
  const synced: Done[] = [];
  await forEachParallel(batch, parallelSyncs, async (waiting) => {
    try {
      synced.push({ waiting, file: await durable(fileSystem, waiting, keepModes) });
    } catch (error) {
      waiting.reject(diskError(error, "publish", join(destination, waiting.file.path)));
    }
  });
  if (synced.length > 0) await beforeRename?.(synced.map(({ file }) => file));
  const verified = new Set<string>();
  const changed = new Set<string>();
  const renamed: Done[] = [];
  const placed: Done[] = [];
  for (const done of synced) {
    try {
      await makeParents(fileSystem, destination, done.file.path, verified, changed);
      placed.push(done);
    } catch (error) {
      done.waiting.reject(diskError(error, "publish", join(destination, done.file.path)));
    }
  }
  let sliceEnd = performance.now() + renameSliceMs;
  for (const done of placed) {
    const path = join(destination, done.file.path);
    try {
      fileSystem.renameSync(done.waiting.stagedPath, path);
      changed.add(dirname(path));
      renamed.push(done);
    } catch (error) {
      done.waiting.reject(diskError(error, "publish", path));
    }
    if (performance.now() < sliceEnd) continue;
    await setImmediate();
    sliceEnd = performance.now() + renameSliceMs;
  }
  await syncDirectories(fileSystem, changed);
  return renamed;
}

async function durable(fileSystem: FileSystem, waiting: Waiting, keepModes: boolean): Promise<PublishedFile> {
  const { synced, ...file } = waiting.file;
  return synced === undefined ? syncStaged(fileSystem, waiting.stagedPath, file, keepModes) : { ...file, ...synced };
}

async function syncStaged(
  fileSystem: FileSystem,
  stagedPath: string,
  file: TransferredFile,
  keepMode: boolean,
): Promise<PublishedFile> {
  const handle = await fileSystem.open(stagedPath, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (!keepMode) await protect(handle);
    const { size, mtimeNs, ino } = await handle.stat({ bigint: true });
    if (size !== BigInt(file.size)) throw wrongSize(file, size);
    try {
      await handle.sync();
    } catch (error) {
      // After a failed fsync the kernel may drop the data and report success the next time, so these bytes are lost.
      await fileSystem.rm(stagedPath, { force: true });
      throw error;
    }
    return { ...file, mtimeNs: String(mtimeNs), inode: String(ino) };
  } finally {
    await handle.close();
  }
}

/** Network and FUSE file systems without modes refuse to set one; the model is as good without it. */
async function protect(handle: FileHandle): Promise<void> {
  try {
    await handle.chmod(publishedMode);
  } catch (error) {
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}

function wrongSize(file: TransferredFile, found: bigint): StorageError {
  return new StorageError({
    code: "internal",
    operation: "publish",
    target: file.path,
    detail: `the staged file has ${found} bytes instead of ${file.size}`,
    hint: "Another process may be writing to the same destination: stop it and run it again.",
  });
}
