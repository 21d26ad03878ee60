import { constants } from "node:fs";
import { join } from "node:path";
import type { ModelDirectory, ModelFile } from "../models/model-directory.ts";
import { diskError } from "../store/disk-error.ts";
import { type FileSystem, nodeFileSystem } from "../store/file-system.ts";

/**
 * The given files of a model's directory, as the model's room reads them. `heads`: first bytes of files as they were written, one character
 * each, for which no file is opened.
 */
export function filesOnDisk(
  directory: string,
  files: readonly ModelFile[],
  fileSystem: FileSystem = nodeFileSystem,
  heads: ReadonlyMap<string, string> = new Map(),
): ModelDirectory {
  return {
    list: async () => files,
    read: async (path, offset, length) => {
      const head = offset === 0 ? heads.get(path) : undefined;
      if (head !== undefined && head.length >= length) return Buffer.from(head.slice(0, length), "latin1");
      const place = join(directory, path);
      try {
        const handle = await fileSystem.open(place, constants.O_RDONLY | constants.O_NOFOLLOW);
        try {
          const bytes = new Uint8Array(length);
          let filled = 0;
          while (filled < length) {
            const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
            if (bytesRead === 0) break;
            filled += bytesRead;
          }
          return bytes.subarray(0, filled);
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw diskError(error, "read", place);
      }
    },
  };
}
