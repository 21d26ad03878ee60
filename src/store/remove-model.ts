import { homedir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { StorageError } from "../errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import { syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem, systemErrorCode } from "./file-system.ts";
import { layoutOf, metadataDirectoryName } from "./layout.ts";
import { acquireLease } from "./lease.ts";
import { parseProof } from "./proof.ts";
import { readPublicationList } from "./publication-list.ts";

export interface RemoveModelOptions {
  /** Absolute path of the model's directory. */
  readonly directory: string;
  /**
   * Absolute models root. With it everything in the directory goes, which has to lie below the root; without it only the
   * files that a proof or an unfinished delivery lists go.
   */
  readonly root?: string | undefined;
  /** Wait for a delivery that is under way there instead of failing. */
  readonly wait?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  readonly fileSystem?: FileSystem | undefined;
}

export interface RemovedModel {
  /** False when there was no such directory. */
  readonly existed: boolean;
  readonly files: number;
  readonly bytes: number;
  /** Paths below the directory that were left: files of others, other models, other file systems. Sorted. */
  readonly kept: readonly string[];
}

/**
 * Removes a model's directory. Its proof goes first, so that a removal that is interrupted leaves no model that looks
 * ready. Symbolic links inside are removed, never followed; other models below it and other file systems are left.
 * Throws `unsafe_path` for what is not a model's directory, `unavailable` while someone writes there.
 */
export async function removeModel(options: RemoveModelOptions): Promise<RemovedModel> {
  const { root, fileSystem = nodeFileSystem } = options;
  const directory = resolve(options.directory);
  try {
    if (!(await isRemovable(fileSystem, options.directory, root))) {
      return { existed: false, files: 0, bytes: 0, kept: [] };
    }
    const removed = await removeHeld(fileSystem, directory, options);
    await removeEmptyParents(fileSystem, directory, root);
    return removed;
  } catch (error) {
    throw diskError(error, "remove", directory);
  }
}

/** False when there is nothing; throws for what must not be removed. */
async function isRemovable(fileSystem: FileSystem, given: string, root: string | undefined): Promise<boolean> {
  const directory = resolve(given);
  if (given !== directory && given !== directory + sep) throw refusal(given, "it is not an absolute, plain path");
  for (const [name, place] of [
    ["the home directory", homedir()],
    ["the working directory", process.cwd()],
  ] as const) {
    if (place === directory || isInside(place, directory)) throw refusal(directory, `${name} is in it`);
  }
  if (root !== undefined && !isInside(directory, resolve(root))) throw refusal(directory, `it is not below ${root}`);
  let found: Awaited<ReturnType<FileSystem["lstat"]>>;
  try {
    found = await fileSystem.lstat(directory);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  if (found.isSymbolicLink()) throw refusal(directory, "it is a symbolic link");
  if (!found.isDirectory()) throw refusal(directory, "it is not a directory");
  if (root !== undefined) {
    const expected = join(await fileSystem.realpath(root), relative(resolve(root), directory));
    if ((await fileSystem.realpath(directory)) !== expected) throw refusal(directory, "a symbolic link leads to it");
  } else if (!(await exists(fileSystem, layoutOf(directory).metadata))) {
    throw refusal(directory, "nothing there shows that model-agent made it");
  }
  return true;
}

async function removeHeld(
  fileSystem: FileSystem,
  directory: string,
  { root, wait, signal, clock }: RemoveModelOptions,
): Promise<RemovedModel> {
  const layout = layoutOf(directory);
  const lease = await acquireLease({ directory, purpose: "removal", wait, signal, clock, fileSystem });
  try {
    await renameIfThere(fileSystem, layout.proof, layout.removal);
    const walk = new Removal(
      fileSystem,
      directory,
      root === undefined ? await ownFiles(fileSystem, directory) : undefined,
    );
    await walk.empty("");
    await fileSystem.rm(layout.removal, { force: true });
    await fileSystem.rm(layout.publications, { force: true });
    await fileSystem.rm(layout.staging, { recursive: true, force: true });
    return { existed: true, files: walk.files, bytes: walk.bytes, kept: walk.kept.sort() };
  } finally {
    await lease.release();
    await removeEmpty(fileSystem, directory);
  }
}

/** What we put there, by the proof (set aside for this removal) and by the list of publications. */
async function ownFiles(fileSystem: FileSystem, directory: string): Promise<ReadonlySet<string>> {
  const paths = new Set((await readPublicationList(directory, fileSystem)).keys());
  try {
    const proof = parseProof(await fileSystem.readFile(layoutOf(directory).removal, "utf8"));
    for (const { path } of proof?.files ?? []) paths.add(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return paths;
}

/** One walk over a model's directory, its metadata left for the end. */
class Removal {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  /** Undefined: everything is ours. */
  readonly #own: ReadonlySet<string> | undefined;
  #device: bigint | undefined;
  files = 0;
  bytes = 0;
  readonly kept: string[] = [];

  constructor(fileSystem: FileSystem, directory: string, own: ReadonlySet<string> | undefined) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#own = own;
  }

  /** Empties a directory below the model's, `""` for itself. */
  async empty(below: string): Promise<void> {
    const place = join(this.#directory, below);
    this.#device ??= (await this.#fileSystem.lstat(place, { bigint: true })).dev;
    for (const entry of await this.#fileSystem.readdir(place, { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (path === metadataDirectoryName) continue;
      if (entry.isDirectory()) await this.#removeDirectory(path);
      else await this.#removeFile(path);
    }
  }

  async #removeDirectory(path: string): Promise<void> {
    const place = join(this.#directory, path);
    const { dev } = await this.#fileSystem.lstat(place, { bigint: true });
    if (dev !== this.#device || (await exists(this.#fileSystem, layoutOf(place).metadata))) {
      this.kept.push(path);
      return;
    }
    await this.empty(path);
    await removeEmpty(this.#fileSystem, place);
  }

  async #removeFile(path: string): Promise<void> {
    if (this.#own !== undefined && !this.#own.has(path)) {
      this.kept.push(path);
      return;
    }
    const place = join(this.#directory, path);
    const { size } = await this.#fileSystem.lstat(place);
    await this.#fileSystem.unlink(place);
    this.files += 1;
    this.bytes += size;
  }
}

async function removeEmptyParents(fileSystem: FileSystem, directory: string, root: string | undefined): Promise<void> {
  let parent = dirname(directory);
  if (root !== undefined) {
    while (isInside(parent, resolve(root)) && (await removeEmpty(fileSystem, parent))) parent = dirname(parent);
  }
  await syncDirectories(fileSystem, [parent]);
}

/** True when the directory is gone. One that is not empty, or on which something is mounted, stays. */
async function removeEmpty(fileSystem: FileSystem, directory: string): Promise<boolean> {
  try {
    await fileSystem.rmdir(directory);
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (["ENOTEMPTY", "EEXIST", "EBUSY", "EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) return false;
    throw error;
  }
}

async function renameIfThere(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fileSystem.rename(from, to);
    await syncDirectories(fileSystem, [dirname(from)]);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function exists(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    await fileSystem.lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isInside(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function refusal(directory: string, reason: string): StorageError {
  return new StorageError({
    code: "unsafe_path",
    operation: "remove",
    target: directory,
    detail: `it is not removed, because ${reason}`,
    hint: "Name the directory of one model, below the models root or made by `model-agent pull`.",
  });
}
