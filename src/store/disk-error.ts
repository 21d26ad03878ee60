import { type ErrorCode, isStorageError, StorageError, toStorageError } from "../errors.ts";
import { systemErrorCode } from "./file-system.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly hint: string;
}

const full: Meaning = {
  code: "no_space",
  detail: "the disk is full",
  hint: "Free some space and run it again: it continues where it stopped.",
};
const refused: Meaning = {
  code: "permission_denied",
  detail: "the file system refused it",
  hint: "Let the user of this process write there, or choose another destination.",
};
const inTheWay: Meaning = {
  code: "unsafe_path",
  detail: "something else stands in the way",
  hint: "Move it away, or choose another destination.",
};
const broken: Meaning = {
  code: "internal",
  detail: "the disk reported an input/output error",
  hint: "Check the disk (the kernel log names it), then run it again: what was not safely written is fetched anew.",
};
const handles: Meaning = {
  code: "internal",
  detail: "the process has too many open files",
  hint: "Raise the limit of open files (ulimit -n).",
};

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: { ...full, detail: "the disk quota is used up" },
  EACCES: refused,
  EPERM: refused,
  EROFS: { ...refused, detail: "the file system is read-only" },
  EISDIR: { ...inTheWay, detail: "a directory stands where a file belongs" },
  ENOTDIR: { ...inTheWay, detail: "a file stands where a directory belongs" },
  ELOOP: { ...inTheWay, detail: "a symbolic link stands in the way" },
  ENOTEMPTY: { ...inTheWay, detail: "a directory that is not empty stands in the way" },
  ENAMETOOLONG: {
    ...inTheWay,
    detail: "the name is too long for this file system",
    hint: "Choose a shorter destination.",
  },
  EFBIG: {
    code: "unsupported",
    detail: "the file is larger than this file system or the process limit allows",
    hint: "Choose a destination on another file system, or raise the limit (ulimit -f).",
  },
  EIO: broken,
  EUCLEAN: { ...broken, detail: "the file system is damaged" },
  EMFILE: handles,
  ENFILE: handles,
};

/** A system error of the disk as a StorageError that says what to do; other errors as {@link toStorageError} has them. */
export function diskError(error: unknown, operation: string, target: string): StorageError {
  if (isStorageError(error)) return error;
  const code = systemErrorCode(error);
  const meaning = code === undefined ? undefined : meanings[code];
  if (meaning === undefined) return toStorageError(error, operation, target);
  return new StorageError({ ...meaning, retry: "permanent", operation, target, serviceCode: code, cause: error });
}
