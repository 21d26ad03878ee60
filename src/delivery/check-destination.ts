import { constants } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { type ErrorCode, StorageError } from "../errors.ts";
import { diskError } from "../store/disk-error.ts";
import { type FileSystem, isMissing } from "../store/file-system.ts";

/**
 * Refuses a destination that can never hold a model, before anything is done: `config_invalid` for a path that is not
 * absolute or that is a file, `unsafe_path` for one outside the root, also by way of links.
 * @returns The destination as a plain absolute path.
 */
export async function checkDestination(
  destination: string,
  root: string | undefined,
  fileSystem: FileSystem,
): Promise<string> {
  if (!isAbsolute(destination)) throw refusal("config_invalid", destination, "it is not an absolute path");
  if (destination.includes("\0")) throw refusal("config_invalid", destination.replaceAll("\0", "\\0"), "it has a NUL");
  const plain = resolve(destination);
  if (plain === dirname(plain)) throw refusal("config_invalid", plain, "it is the root directory of the file system");
  if (plain.split(sep).includes(".model-agent")) {
    throw refusal("config_invalid", plain, "it lies in a directory that model-agent keeps for itself");
  }
  if (root !== undefined && !isBelow(plain, resolve(root))) {
    throw refusal("unsafe_path", plain, `it is not below the models root ${root}`);
  }
  const existing = await nearestDirectory(plain, fileSystem);
  if (root !== undefined) {
    const real = join(await realPath(existing, fileSystem), relative(existing, plain));
    const realRoot = await realPath(await nearestDirectory(resolve(root), fileSystem), fileSystem);
    if (!isBelow(real, realRoot)) {
      throw refusal("unsafe_path", plain, `a symbolic link leads out of the models root ${root}`);
    }
  }
  return plain;
}

/** Throws `permission_denied` unless files can be made at the destination, or directories down to it. */
export async function checkWritable(destination: string, fileSystem: FileSystem): Promise<void> {
  const existing = await nearestDirectory(destination, fileSystem);
  try {
    await fileSystem.access(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw diskError(error, "write to", existing);
  }
}

/** The path itself or its nearest parent that exists; links are followed. Throws for a file on the way. */
async function nearestDirectory(path: string, fileSystem: FileSystem): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    try {
      if ((await fileSystem.stat(place)).isDirectory()) return place;
      throw refusal("config_invalid", path, place === path ? "it is a file" : `${place} is a file`);
    } catch (error) {
      if (!isMissing(error)) throw diskError(error, "look at", place);
      if (await isDanglingLink(place, fileSystem)) {
        throw refusal("config_invalid", path, `${place} is a symbolic link to nothing`);
      }
    }
  }
}

async function isDanglingLink(path: string, fileSystem: FileSystem): Promise<boolean> {
  try {
    return (await fileSystem.lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}

async function realPath(path: string, fileSystem: FileSystem): Promise<string> {
  try {
    return await fileSystem.realpath(path);
  } catch (error) {
    throw diskError(error, "look at", path);
  }
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function refusal(code: ErrorCode, destination: string, reason: string): StorageError {
  return new StorageError({
    code,
    operation: "use destination",
    target: destination,
    detail: reason,
    hint: code === "unsafe_path" ? "Choose a directory below the models root." : "Choose another directory.",
  });
}
