import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { join } from "node:path";
import { type ErrorCode, StorageError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { diskError } from "../store/disk-error.ts";
import { type FileRecord, transferredOf } from "../store/file-record.ts";
import { type FileSystem, systemErrorCode } from "../store/file-system.ts";
import { forEachParallel } from "../store/for-each-parallel.ts";
import type { TransferTarget } from "../transfer/transfer-types.ts";
import { describeUri } from "../uri/describe-uri.ts";
import { adoptFile } from "./adopt-file.ts";
import type { Placement } from "./placement.ts";
import type { PlannedFile } from "./planned-file.ts";

export interface PlaceOptions {
  readonly client: Storage;
  readonly placement: Exclude<Placement, "copy">;
  readonly publisher: TransferTarget;
  readonly fileSystem: FileSystem;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that were read to compute the proof. */
  readonly onBytes: (bytes: number) => void;
  readonly onPlaced: (file: PlannedFile) => void;
}

/** One file is read while another one is hashed. */
const parallelReads = 2;

/**
 * Gives files of this machine a second name, or a second file that shares their blocks, below the destination. Each is read once for
 * its proof.
 *
 * @throws StorageError `unsupported` where the source is not on this machine, or not on a file system that can do it;
 * `precondition_failed` for a file that changes meanwhile.
 */
export async function placeFiles(files: readonly PlannedFile[], options: PlaceOptions): Promise<void> {
  await forEachParallel(files, parallelReads, (file) => placeFile(file, options), options.signal);
}

async function placeFile(file: PlannedFile, options: PlaceOptions): Promise<void> {
  const { publisher, fileSystem, signal, onBytes, onPlaced } = options;
  const original = await originalPath(file, options);
  const name = `${randomBytes(9).toString("base64url")}.place`;
  const staged = join(publisher.stagingDirectory, name);
  try {
    await place(original, staged, file, options);
    const record: FileRecord | undefined = await adoptFile(
      publisher.stagingDirectory,
      { ...file, path: name },
      { fileSystem, signal, onBytes, keepMode: options.placement === "hard-link" },
    );
    if (record === undefined) {
      throw refusal(
        "precondition_failed",
        file,
        "it changed while it was placed",
        "Leave the source alone, and run it again.",
      );
    }
    await publisher.publish(staged, transferredOf(record, file.path));
    onPlaced(file);
  } finally {
    // A rename between two names of one inode does nothing and leaves both.
    await fileSystem.rm(staged, { force: true });
  }
}

async function originalPath(
  { info, path }: PlannedFile,
  { client, fileSystem, signal }: PlaceOptions,
): Promise<string> {
  const source = await client.locate(info.uri, { pin: info, signal });
  if (source.kind !== "file") {
    throw refusal("unsupported", { info }, "it is not a file of this machine", "Use mode copy, or a local:// source.");
  }
  try {
    const real = await fileSystem.realpath(source.path);
    if (source.plain !== true || real === source.path) return real;
  } catch (error) {
    throw diskError(error, "read", path);
  }
  throw refusal(
    "precondition_failed",
    { info },
    "its path leads to another file now",
    "Leave the source alone, and run it again.",
  );
}

async function place(original: string, staged: string, file: PlannedFile, options: PlaceOptions): Promise<void> {
  const { placement, fileSystem } = options;
  try {
    if (placement === "hard-link") await fileSystem.link(original, staged);
    else await fileSystem.copyFile(original, staged, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch (error) {
    const code = systemErrorCode(error) ?? "";
    if (code === "EXDEV") {
      throw refusal(
        "unsupported",
        file,
        "source and destination are on different file systems",
        "Use mode copy.",
        error,
      );
    }
    if (["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "ENOTTY", "EMLINK", "EPERM"].includes(code)) {
      const detail = placement === "hard-link" ? "it cannot be linked here" : "the file system cannot share blocks";
      throw refusal("unsupported", file, `${detail} (${code})`, "Use mode copy.", error);
    }
    throw diskError(error, placement === "hard-link" ? "link" : "clone", original);
  }
}

function refusal(
  code: ErrorCode,
  { info }: Pick<PlannedFile, "info">,
  detail: string,
  hint: string,
  cause?: unknown,
): StorageError {
  return new StorageError({ code, operation: "place", target: describeUri(info.uri), detail, hint, cause });
}
