import type { ErrorCode } from "../../errors.ts";
import { ReadFailureError } from "../http/read-failure.ts";

interface Meaning {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly hint: string;
}

const full: Meaning = {
  code: "no_space",
  detail: "the disk is full",
  hint: "Free some space there and run it again: it continues where it stopped.",
};
const refused: Meaning = {
  code: "permission_denied",
  detail: "the file system refuses to write",
  hint: "Let the user of this process write there, or choose another destination.",
};
const handles: Meaning = {
  code: "internal",
  detail: "the process has too many open files",
  hint: "Raise the limit of open files (ulimit -n), or lower the number of connections.",
};

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: full,
  EDQUOT: { ...full, detail: "the disk quota is used up" },
  EACCES: refused,
  EPERM: refused,
  EROFS: { ...refused, detail: "the file system is read-only" },
  EFBIG: {
    code: "unsupported",
    detail: "the file is larger than this file system or the process limit allows",
    hint: "Choose a destination on another file system, or raise the limit (ulimit -f).",
  },
  EMFILE: handles,
  ENFILE: handles,
};

/** What a failed call of the file system means for the transfer: it always ends it, in a state that can be resumed. */
export function diskFailure(error: unknown, path: string): ReadFailureError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const meaning = meanings[code] ?? {
    code: "internal" as const,
    detail: code === "" ? `the disk failed: ${message}` : "the disk failed",
    hint: "Check the disk (the kernel log names it), then run it again: what was not safely written is fetched anew.",
  };
  return new ReadFailureError({
    kind: meaning.code === "no_space" ? "no-space" : "disk",
    detail: meaning.detail,
    error: {
      ...meaning,
      detail: `${meaning.detail}${code === "" ? "" : ` (${code})`}`,
      retry: "permanent",
      operation: "write",
      target: path,
      cause: message,
    },
  });
}
