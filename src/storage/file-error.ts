import { type ErrorCode, isStorageError, StorageError, toStorageError } from "../errors.ts";

const meanings: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  ENOENT: ["not_found", "there is no such file or directory", "Check the path."],
  ENOTDIR: ["not_found", "a part of the path is a file, not a directory", "Check the path."],
  EACCES: ["permission_denied", "this user may not access it", "Grant access to the user that this process runs as."],
  EPERM: ["permission_denied", "the operation is not permitted", "Check its permissions and how it is mounted."],
  EROFS: ["permission_denied", "the file system is read-only", "Mount it writable, or choose another place."],
  EISDIR: ["not_found", "it is a directory, not a file", "Name a file, or list the directory."],
  EEXIST: ["precondition_failed", "it exists", "Delete it first, or allow overwriting."],
  ELOOP: ["unsafe_path", "its symbolic links lead in a circle", "Repair the links."],
  ENAMETOOLONG: ["config_invalid", "the name is too long for this file system", "Shorten the name."],
  ENOSPC: ["no_space", "the disk is full", "Free some space and run it again."],
  EDQUOT: ["no_space", "the disk quota is used up", "Free some space and run it again."],
  EMFILE: ["unavailable", "this process has too many open files", "Raise the limit of open files (ulimit -n)."],
  EIO: ["unavailable", "the disk reports an I/O error", "Check the disk and the kernel log."],
};

/** What a failed call to the file system means; anything unknown is `internal`. */
export function fileError(
  error: unknown,
  context: { readonly operation: string; readonly provider?: string | undefined; readonly target: string },
): StorageError {
  if (isStorageError(error)) return error;
  const serviceCode = error instanceof Error && "code" in error ? String(error.code) : "";
  const meaning = meanings[serviceCode];
  if (meaning === undefined) return toStorageError(error, context.operation, context.target);
  const [code, detail, hint] = meaning;
  const { operation, provider, target } = context;
  return new StorageError({ code, operation, provider, target, serviceCode, detail, hint, cause: error });
}
