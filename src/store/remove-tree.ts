import { join } from "node:path";
import { type AnchoredDirectory, anchorDirectory } from "./anchored-directory.ts";
import { type FileSystem, isMissing, systemErrorCode } from "./file-system.ts";
import { metadataDirectoryName } from "./layout.ts";

export interface RemovedTree {
  readonly files: number;
  readonly bytes: number;
  /** Paths below the directory that were left. */
  readonly kept: readonly string[];
}

/**
 * Empties a directory, its metadata apart. Links are removed and never followed, also those that are put in the place of a directory
 * meanwhile; other models and other file systems below it stay. With `own` only these files go, by their paths.
 */
export async function emptyTree(
  fileSystem: FileSystem,
  top: AnchoredDirectory,
  own?: ReadonlySet<string>,
): Promise<RemovedTree> {
  const walk = new Removal(fileSystem, top.device, own);
  await walk.empty(top, "");
  return walk;
}

class Removal implements RemovedTree {
  readonly #fileSystem: FileSystem;
  readonly #device: bigint;
  readonly #own: ReadonlySet<string> | undefined;
  files = 0;
  bytes = 0;
  readonly kept: string[] = [];

  constructor(fileSystem: FileSystem, device: bigint, own: ReadonlySet<string> | undefined) {
    this.#fileSystem = fileSystem;
    this.#device = device;
    this.#own = own;
  }

  /** `below`: the directory's path below the top, `""` for the top itself. */
  async empty(directory: AnchoredDirectory, below: string): Promise<void> {
    for (const entry of await this.#fileSystem.readdir(directory.path, { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (path === metadataDirectoryName) continue;
      const place = join(directory.path, entry.name);
      if (!entry.isDirectory() || !(await this.#removeDirectory(place, path))) await this.#removeFile(place, path);
    }
  }

  /** False when it is no directory any more. */
  async #removeDirectory(place: string, path: string): Promise<boolean> {
    let directory: AnchoredDirectory;
    try {
      directory = await anchorDirectory(this.#fileSystem, place);
    } catch (error) {
      if (["ELOOP", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return false;
      throw error;
    }
    try {
      if (directory.device !== this.#device || (await this.#isModel(directory))) {
        this.kept.push(path);
        return true;
      }
      await this.empty(directory, path);
    } finally {
      await directory.release();
    }
    await removeEmpty(this.#fileSystem, place);
    return true;
  }

  async #isModel({ path }: AnchoredDirectory): Promise<boolean> {
    return exists(this.#fileSystem, join(path, metadataDirectoryName));
  }

  async #removeFile(place: string, path: string): Promise<void> {
    if (this.#own !== undefined && !this.#own.has(path)) {
      this.kept.push(path);
      return;
    }
    const { size } = await this.#fileSystem.lstat(place);
    await this.#fileSystem.unlink(place);
    this.files += 1;
    this.bytes += size;
  }
}

/** True when the directory is gone. One that is not empty, or on which something is mounted, stays. */
export async function removeEmpty(fileSystem: FileSystem, directory: string): Promise<boolean> {
  try {
    await fileSystem.rmdir(directory);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (["ENOTEMPTY", "EEXIST", "EBUSY", "EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) return false;
    throw error;
  }
}

export async function exists(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
