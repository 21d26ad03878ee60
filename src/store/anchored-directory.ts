import { constants } from "node:fs";
import { type FileSystem, isMissing } from "./file-system.ts";

/** A directory that is held open: names below `path` mean entries of this one, whatever its own path is made to lead to meanwhile. */
export interface AnchoredDirectory {
  readonly path: string;
  /** Where it lay when it was opened, links resolved; undefined where the system does not tell. */
  readonly real: string | undefined;
  /** Number of its file system. */
  readonly device: bigint;
  release(): Promise<void>;
}

/**
 * Opens a directory that is no symbolic link itself. Node has no `openat`; on Linux `/proc/self/fd` does the same. Elsewhere the path
 * stays a path. Throws the system's error, `ENOTDIR` or `ELOOP` for what is no directory.
 */
export async function anchorDirectory(fileSystem: FileSystem, path: string): Promise<AnchoredDirectory> {
  const handle = await fileSystem.open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { dev: device } = await handle.stat({ bigint: true });
    const anchor = `/proc/self/fd/${handle.fd}`;
    const real = await fileSystem.realpath(anchor).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return { path: real === undefined ? path : anchor, real, device, release: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
