import { renameSync } from "node:fs";
import * as node from "node:fs/promises";

/**
 * What this room does to a disk, as Node's own functions: a test passes copies in which one call fails, so that a full
 * disk, an I/O error or a crash between two steps can be tried without a broken disk.
 */
export type FileSystem = Pick<
  typeof node,
  | "access"
  | "link"
  | "lstat"
  | "mkdir"
  | "open"
  | "readdir"
  | "readFile"
  | "realpath"
  | "rename"
  | "rm"
  | "rmdir"
  | "stat"
  | "statfs"
  | "unlink"
  | "utimes"
  | "copyFile"
> & { readonly renameSync: typeof renameSync };

/** The real disk. */
export const nodeFileSystem: FileSystem = { ...node, renameSync };

/** The `code` of a system error (`ENOENT`), or undefined for everything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** True when the error says that a path does not exist, also because one of its parents is a file. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
