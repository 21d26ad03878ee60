import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { join } from "node:path";
import { StorageError } from "../errors.ts";
import { diskError } from "../store/disk-error.ts";
import { type FileRecord, transferredOf } from "../store/file-record.ts";
import type { FileSystem } from "../store/file-system.ts";
import { verifyFile } from "../store/verify-file.ts";
import { loadCrc } from "../transfer/digest/crc.ts";
import type { TransferTarget } from "../transfer/transfer-types.ts";
import type { FileTask } from "./assess-destination.ts";
import { contentKey } from "./content-key.ts";
import type { PlannedFile } from "./planned-file.ts";

/** A file that another file of the model, fetched or there already, has the content of. */
export interface SharedFile {
  readonly file: PlannedFile;
  /** Path of the other file. */
  readonly from: string;
}

/** Divides what is missing into files to fetch, each content once, and files that share one of those or a kept one. */
export function divideByContent(
  missing: readonly PlannedFile[],
  kept: readonly PlannedFile[],
): { readonly fetch: readonly PlannedFile[]; readonly shared: readonly SharedFile[] } {
  const holders = new Map<string, string>();
  for (const file of kept) {
    const key = contentKey(file);
    if (key !== undefined) holders.set(key, file.path);
  }
  const fetch: PlannedFile[] = [];
  const shared: SharedFile[] = [];
  for (const file of [...missing].sort((a, b) => a.priority - b.priority)) {
    const key = contentKey(file);
    const from = key === undefined ? undefined : holders.get(key);
    if (from !== undefined) {
      shared.push({ file, from });
      continue;
    }
    fetch.push(file);
    if (key !== undefined) holders.set(key, file.path);
  }
  return { fetch, shared };
}

/** Sizes of what a delivery of these tasks will fetch at least, each content once. */
export function filesToFetch(tasks: readonly FileTask[]): readonly number[] {
  const missing = tasks.flatMap(({ todo, file }) => (todo === "fetch" ? [file] : []));
  const kept = tasks.flatMap(({ todo, file }) => (todo === "proven" ? [file] : []));
  return divideByContent(missing, kept).fetch.map(({ size }) => size);
}

/**
 * Publishes a recorded file under a second name: by a hard link, or by a copy (shared blocks where the file system can)
 * that is read once to prove it.
 */
export async function publishShared(
  destination: string,
  record: FileRecord,
  path: string,
  publisher: TransferTarget,
  fileSystem: FileSystem,
  signal?: AbortSignal,
): Promise<void> {
  const name = `${randomBytes(9).toString("base64url")}.link`;
  const staged = join(publisher.stagingDirectory, name);
  const original = join(destination, record.path);
  try {
    await fileSystem.link(original, staged);
  } catch {
    await copy(fileSystem, original, staged);
    const checksum = (await loadCrc(record.units.algorithm))();
    const copied = { ...record, path: name };
    const { state } = await verifyFile(publisher.stagingDirectory, copied, { checksum, fileSystem, signal });
    if (state !== "intact") throw copyFailed(original);
  }
  await publisher.publish(staged, transferredOf(record, path));
  // A rename between two names of one inode does nothing and leaves both.
  await fileSystem.rm(staged, { force: true });
}

async function copy(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fileSystem.copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    throw diskError(error, "copy", from);
  }
}

function copyFailed(path: string): StorageError {
  return new StorageError({
    code: "checksum_mismatch",
    operation: "copy",
    target: path,
    detail: "the copy on the same disk differs from its original",
    hint: "Check the disk and the memory of this machine.",
  });
}
