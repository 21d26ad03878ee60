import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TransferredFile, TransferTarget } from "../../../src/transfer/transfer-types.ts";

/** A transfer target of the simplest kind: staged files are renamed into a directory beside. */
export interface StagingTarget extends TransferTarget, AsyncDisposable {
  readonly directory: string;
  /** Files in the order in which they were published. */
  readonly published: TransferredFile[];
  /** Where a published file lies. */
  pathOf(path: string): string;
  /** Names of everything that is still staged, journals included. */
  staged(): Promise<readonly string[]>;
}

export interface StagingTargetOptions {
  /** Defaults to a new directory below the system's temporary one. */
  readonly directory?: string;
  readonly freeBytes?: number;
  /** Called before a file is renamed; throws what the disk would. */
  readonly beforePublish?: (file: TransferredFile) => void;
}

/** Makes a target; disposing of it removes everything. */
export async function stagingTarget(options: StagingTargetOptions = {}): Promise<StagingTarget> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "faults-")));
  const stagingDirectory = join(directory, "staging");
  const pathOf = (path: string): string => join(directory, "final", path);
  await mkdir(stagingDirectory, { recursive: true });
  const published: TransferredFile[] = [];
  return {
    directory,
    stagingDirectory,
    published,
    pathOf,
    staged: async () => (await readdir(stagingDirectory, { recursive: true })).sort(),
    freeBytes: async () => options.freeBytes,
    publish: async (stagedPath, file) => {
      options.beforePublish?.(file);
      await mkdir(dirname(pathOf(file.path)), { recursive: true });
      await rename(stagedPath, pathOf(file.path));
      published.push(file);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
