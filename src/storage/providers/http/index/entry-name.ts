import { StorageError } from "../../../../errors.ts";

/**
 * Checks a name that a server gave for something in its directory. It comes into paths on this machine later on, so that
 * whatever could leave the directory is refused here, loudly: nothing of a listing is left out in silence.
 *
 * @throws StorageError `unsafe_path`.
 */
export function checkEntryName(name: string, target: string): string {
  const bad = name === "" || name === "." || name === ".." || name.includes("/") || /\p{Cc}/u.test(name);
  if (!bad && name.isWellFormed()) return name;
  throw new StorageError({
    code: "unsafe_path",
    operation: "list",
    provider: "http",
    target,
    detail: `the index names ${JSON.stringify(name)}, which cannot be a file of the directory`,
    hint: "Correct the index, or give an explicit file list with parameters.index.",
  });
}
