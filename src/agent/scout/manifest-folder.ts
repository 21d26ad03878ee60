import { type FSWatcher, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StorageError } from "../../errors.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createFolderState, type Document, type FolderListing, type ParsedFile } from "./folder-state.ts";
import { listFolder } from "./list-folder.ts";
import type { ManifestBatch, ManifestSource } from "./manifest-source.ts";

export interface ManifestFolderOptions<Item extends Document> {
  readonly directory: string;
  /** Reads one file's text. */
  readonly parse: (text: string, file: string) => ParsedFile<Item>;
  /** Milliseconds between two looks at a quiet folder, for file systems that tell nothing. */
  readonly rescanMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Milliseconds between two looks at most: one save of an editor is several events. */
const quietMs = 30;
/** Manifests larger than this are refused: a manifest is a page of text. */
const largestFile = 16 * 1024 * 1024;

/**
 * A folder as a source of wishes: told by the system when something changes there, and looked at again every now and then in
 * case it was not told. While the folder cannot be read, what it said last stays.
 */
export function manifestFolder<Item extends Document>(options: ManifestFolderOptions<Item>): ManifestSource<Item> {
  return { lastGoodStays: true, watch: (signal) => watchFolder(options, signal) };
}

async function* watchFolder<Item extends Document>(
  options: ManifestFolderOptions<Item>,
  signal: AbortSignal,
): AsyncGenerator<ManifestBatch<Item>> {
  const { directory, clock, logger } = options;
  const state = createFolderState<Item>();
  const bell = createBell(directory, logger);
  let listing: FolderListing | undefined;
  let unreadable = false;
  try {
    for (;;) {
      const rung = bell.rung();
      const next = await list(directory, listing === undefined);
      if ((next === undefined) !== unreadable) {
        unreadable = next === undefined;
        if (unreadable) logger.warn({ directory }, "the manifest folder cannot be read; its models are kept");
        else logger.info({ directory }, "the manifest folder can be read again");
      }
      if (unreadable) bell.close();
      let waitMs = options.rescanMs;
      if (next !== undefined) {
        const first = listing === undefined;
        listing = next;
        const change = await state.update(next, clock.monotonic(), (file) => readManifest(options, file));
        const complete = first && next.size > 0 && state.badFiles().length === 0;
        if (first || change.changed.length > 0 || change.gone.length > 0 || change.problemsChanged) {
          const problems = change.problemsChanged ? change.problems : undefined;
          yield { changed: change.changed, gone: change.gone, problems, complete };
        }
        waitMs = Math.min(waitMs, change.lookAgainMs ?? waitMs);
      }
      const wait = new AbortController();
      const end = AbortSignal.any([signal, wait.signal]);
      await Promise.race([clock.sleep(waitMs, end), rung]).catch(() => {});
      wait.abort();
      await clock.sleep(quietMs, signal).catch(() => {});
      if (signal.aborted) return;
    }
  } finally {
    bell.close();
  }
}

async function list(directory: string, first: boolean): Promise<FolderListing | undefined> {
  try {
    return await listFolder(directory);
  } catch (error) {
    if (!first) return undefined;
    throw new StorageError({
      code: "config_invalid",
      operation: "read the manifest folder",
      target: directory,
      detail: error instanceof Error ? error.message : String(error),
      hint: "Give a readable directory with --manifests.",
      cause: error,
    });
  }
}

async function readManifest<Item extends Document>(
  options: ManifestFolderOptions<Item>,
  file: string,
): Promise<ParsedFile<Item>> {
  const path = join(options.directory, file);
  try {
    const { size } = await stat(path);
    if (size > largestFile) throw new Error(`the file is larger than ${largestFile} bytes`);
    return options.parse(await readFile(path, "utf8"), file);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { documents: [], problems: [{ file, severity: "error", message }] };
  }
}

interface Bell {
  /** Resolves at the next change of the folder, or at once when one came since the last call. */
  rung(): Promise<void>;
  close(): void;
}

function createBell(directory: string, logger: Logger): Bell {
  let watcher: FSWatcher | undefined;
  let pending = false;
  let wake: (() => void) | undefined;
  const ring = (): void => {
    pending = true;
    wake?.();
  };
  /** A watched directory that was deleted or replaced tells nothing more: it is watched anew at the next look. */
  const close = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const open = (): void => {
    try {
      watcher = watch(directory, (_, name) => {
        if (name === basename(directory)) close();
        ring();
      });
      watcher.on("error", (error) => {
        logger.warn(
          { directory, err: error },
          "the system does not tell of changes; the folder is looked at regularly",
        );
        close();
      });
    } catch {
      watcher = undefined;
    }
  };
  return {
    rung: () => {
      if (watcher === undefined) open();
      return new Promise((resolve) => {
        wake = () => {
          pending = false;
          wake = undefined;
          resolve();
        };
        if (pending) wake();
      });
    },
    close,
  };
}
