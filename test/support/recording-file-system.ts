import { renameSync } from "node:fs";
import * as fs from "node:fs/promises";
import { basename } from "node:path";
import { type FileSystem, nodeFileSystem } from "../../src/store/file-system.ts";

export type DiskOperation = "sync" | "rename" | "mkdir" | "unlink" | "rm" | "write";

/**
 * The real disk, with the steps that decide durability written down as `operation name…`. `before` may throw to make a
 * step fail, or end the process to try a crash at that point.
 */
export function recordingFileSystem(before: (operation: DiskOperation, ...names: string[]) => void = () => {}): {
  readonly fileSystem: FileSystem;
  readonly log: string[];
} {
  const log: string[] = [];
  const step = (operation: DiskOperation, ...paths: string[]): void => {
    const names = paths.map((path) => basename(path));
    before(operation, ...names);
    log.push([operation, ...names].join(" "));
  };
  const open = async (...args: Parameters<typeof fs.open>): Promise<fs.FileHandle> => {
    const handle = await fs.open(...args);
    const path = String(args[0]);
    const { sync, appendFile } = handle;
    handle.sync = async () => {
      step("sync", path);
      await sync.call(handle);
    };
    handle.appendFile = async (...written) => {
      step("write", path);
      await appendFile.apply(handle, written);
    };
    return handle;
  };
  const changed: Partial<Record<keyof FileSystem, unknown>> = {
    open,
    rename: async (from: string, to: string) => {
      step("rename", from, to);
      await fs.rename(from, to);
    },
    renameSync: (from: string, to: string) => {
      step("rename", from, to);
      renameSync(from, to);
    },
    mkdir: async (...args: Parameters<typeof fs.mkdir>) => {
      step("mkdir", String(args[0]));
      return fs.mkdir(...args);
    },
    unlink: async (path: string) => {
      step("unlink", path);
      await fs.unlink(path);
    },
    rm: async (...args: Parameters<typeof fs.rm>) => {
      step("rm", String(args[0]));
      await fs.rm(...args);
    },
  };
  return { log, fileSystem: { ...nodeFileSystem, ...(changed as Partial<FileSystem>) } };
}
