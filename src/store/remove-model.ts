import { homedir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { StorageError } from "../errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import { type AnchoredDirectory, anchorDirectory } from "./anchored-directory.ts";
import { syncDirectories } from "./destination-tree.ts";
import { diskError } from "./disk-error.ts";
import { type FileSystem, isMissing, nodeFileSystem } from "./file-system.ts";
import { layoutIn, layoutOf } from "./layout.ts";
import { acquireLease } from "./lease.ts";
import { parseProof } from "./proof.ts";
import { readPublicationList } from "./publication-list.ts";
import { emptyTree, exists, removeEmpty } from "./remove-tree.ts";

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
    const real = await removable(fileSystem, options.directory, root);
    if (real === undefined) return { existed: false, files: 0, bytes: 0, kept: [] };
    const removed = await removeHeld(fileSystem, directory, real, options);
    await removeEmptyParents(fileSystem, directory, root);
    return removed;
  } catch (error) {
    throw diskError(error, "remove", directory);
  }
}

/** Where the directory really lies; undefined when there is nothing. Throws for what must not be removed. */
async function removable(fileSystem: FileSystem, given: string, root: string | undefined): Promise<string | undefined> {
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
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (found.isSymbolicLink()) throw refusal(directory, "it is a symbolic link");
  if (!found.isDirectory()) throw refusal(directory, "it is not a directory");
  const real = await fileSystem.realpath(directory);
  if (root !== undefined) {
    const expected = join(await fileSystem.realpath(root), relative(resolve(root), directory));
    if (real !== expected) throw refusal(directory, "a symbolic link leads to it");
  } else if (!(await exists(fileSystem, layoutOf(directory).metadata))) {
    throw refusal(directory, "nothing there shows that model-agent made it");
  }
  return real;
}

async function removeHeld(
  fileSystem: FileSystem,
  directory: string,
  real: string,
  { root, wait, signal, clock }: RemoveModelOptions,
): Promise<RemovedModel> {
  const lease = await acquireLease({ directory, purpose: "removal", wait, signal, clock, fileSystem });
  const held: AnchoredDirectory[] = [];
  const hold = async (path: string): Promise<AnchoredDirectory> => {
    const anchored = await anchorDirectory(fileSystem, path);
    held.push(anchored);
    return anchored;
  };
  try {
    const top = await hold(directory);
    if (top.real !== undefined && top.real !== real) throw refusal(directory, "it was exchanged for another directory");
    const layout = layoutIn((await hold(layoutOf(top.path).metadata)).path);
    await renameIfThere(fileSystem, layout.proof, layout.removal);
    const own = root === undefined ? await ownFiles(fileSystem, directory, layout.removal) : undefined;
    const { files, bytes, kept } = await emptyTree(fileSystem, top, own);
    await fileSystem.rm(layout.removal, { force: true });
    await fileSystem.rm(layout.publications, { force: true });
    if (await exists(fileSystem, layout.staging)) {
      await emptyTree(fileSystem, await hold(layout.staging));
      await removeEmpty(fileSystem, layout.staging);
    }
    return { existed: true, files, bytes, kept: kept.toSorted() };
  } finally {
    for (const { release } of held) await release();
    await lease.release();
    await removeEmpty(fileSystem, directory);
  }
}

/** What we put there, by the proof (set aside for this removal) and by the list of publications. */
async function ownFiles(fileSystem: FileSystem, directory: string, removal: string): Promise<ReadonlySet<string>> {
  const paths = new Set((await readPublicationList(directory, fileSystem)).keys());
  try {
    const proof = parseProof(await fileSystem.readFile(removal, "utf8"));
    for (const { path } of proof?.files ?? []) paths.add(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return paths;
}

async function removeEmptyParents(fileSystem: FileSystem, directory: string, root: string | undefined): Promise<void> {
  let parent = dirname(directory);
  if (root !== undefined) {
    while (isInside(parent, resolve(root)) && (await removeEmpty(fileSystem, parent))) parent = dirname(parent);
  }
  await syncDirectories(fileSystem, [parent]);
}

async function renameIfThere(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fileSystem.rename(from, to);
    await syncDirectories(fileSystem, [dirname(from)]);
  } catch (error) {
    if (!isMissing(error)) throw error;
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
