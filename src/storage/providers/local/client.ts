import { randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { copyFile, link, mkdir, open, rename, rm, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isStorageError } from "../../../errors.ts";
import type { LocalUri, ObjectUri } from "../../../uri/object-uri.ts";
import { withKey } from "../../../uri/with-key.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { FileReadSource } from "../../read-source.ts";
import type {
  CallOptions,
  Capabilities,
  ListOptions,
  LocateOptions,
  ObjectInfo,
  PutBody,
  PutOptions,
  WritableStorage,
} from "../../storage.ts";
import { localError, onDisk } from "./errors.ts";
import type { LocalRoot } from "./local-root.ts";
import { walkDirectory } from "./walk-directory.ts";

/** Files of this machine as objects: keys are paths, a directory is the common prefix of its files. */
export class LocalStorage implements WritableStorage {
  readonly provider = "local";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    // `locate` refuses a pin that no longer holds, and the engine a file that changed under it; other readers are on their own.
    pinnedReads: false,
    digests: [],
    writes: true,
  };
  readonly #root: LocalRoot;

  constructor(root: LocalRoot) {
    this.#root = root;
  }

  list(prefix: ObjectUri, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    // Groups of "/" come from the walk, which need not enter them; other delimiters are grouped afterwards.
    const { delimiter } = options;
    return applyListOptions(this.#walk(prefix, options), prefix, {
      ...options,
      delimiter: delimiter === "/" ? undefined : delimiter,
    });
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const at = localUri("stat", uri);
    return describe(at, (await this.#file("stat", at, options)).stats);
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<FileReadSource> {
    const at = localUri("locate", uri);
    const { path, stats } = await this.#file("locate", at, options);
    const { pin } = options;
    if (pin !== undefined && (pin.size !== Number(stats.size) || (pin.etag ?? etagOf(stats)) !== etagOf(stats))) {
      const hint = "Describe it again and start over.";
      throw localError("precondition_failed", "locate", at.path, "it changed since it was described", hint);
    }
    return { kind: "file", path, plain: true, modified: String(stats.mtimeNs) };
  }

  async put(uri: ObjectUri, body: PutBody, options: PutOptions = {}): Promise<ObjectInfo> {
    const at = localUri("put", uri);
    return this.#create("put", at, options, async (temporaryPath) => {
      const file = await open(temporaryPath, "wx");
      try {
        for await (const chunk of body instanceof Uint8Array ? [body] : body) {
          throwIfAborted(options.signal, "put", at.path);
          await file.writeFile(chunk);
        }
        await file.datasync();
      } finally {
        await file.close();
      }
    });
  }

  async delete(uri: ObjectUri, options: CallOptions = {}): Promise<void> {
    const at = localUri("delete", uri);
    throwIfAborted(options.signal, "delete", at.path);
    const path = this.#root.pathOf("delete", at.path);
    try {
      await this.#root.resolveLinks("delete", dirname(path));
      await onDisk("delete", at.path, () => unlink(path));
    } catch (error) {
      if (isStorageError(error) && error.code === "not_found") return;
      throw error;
    }
    await this.#removeEmptyParents(dirname(path));
  }

  async copy(from: ObjectUri, to: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const source = await this.#file("copy", localUri("copy", from), options);
    return this.#create("copy", localUri("copy", to), options, (temporaryPath) =>
      copyFile(source.path, temporaryPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
    );
  }

  async close(): Promise<void> {}

  async *#walk(prefix: ObjectUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
    const at = localUri("list", prefix);
    throwIfAborted(options.signal, "list", at.path);
    // The opened directory itself, spelled without a slash, means what is in it and not its siblings of similar name.
    const isRoot = !at.key.endsWith("/") && this.#root.pathOf("list", at.key) === this.#root.directory;
    const prefixKey = isRoot && at.key !== "" ? `${at.key}/` : at.key;
    const slash = prefixKey.lastIndexOf("/") + 1;
    const place = { path: this.#root.pathOf("list", prefixKey.slice(0, slash)), key: prefixKey.slice(0, slash) };
    if (!(await this.#isDirectory(place.path))) return;
    const { startAfter, signal } = options;
    const root = this.#root;
    const enter = async (directoryKey: string): Promise<boolean> => {
      if (options.delimiter !== "/") return true;
      const group = { path: root.pathOf("list", directoryKey), key: directoryKey };
      const first = await walkDirectory(group, "", { root, signal }).next();
      if (first.done !== true) options.onPrefix?.({ prefix: directoryKey });
      return false;
    };
    const files = walkDirectory(place, prefixKey.slice(slash), { root, signal, startAfter, enter });
    for await (const { key, leaf } of files) yield describe(withKey(at, key), leaf);
  }

  /** False for a place below the root that does not exist; the root itself has to. */
  async #isDirectory(path: string): Promise<boolean> {
    try {
      return (await onDisk("list", path, () => stat(path))).isDirectory();
    } catch (error) {
      if (path !== this.#root.directory && isStorageError(error) && error.code === "not_found") return false;
      throw error;
    }
  }

  async #file(operation: string, at: LocalUri, options: CallOptions) {
    throwIfAborted(options.signal, operation, at.path);
    const path = await this.#root.resolveLinks(operation, this.#root.pathOf(operation, at.path));
    const stats = await onDisk(operation, at.path, () => stat(path, { bigint: true }));
    if (stats.isFile() && !at.path.endsWith("/")) return { path, stats };
    const detail = stats.isDirectory() ? "it is a directory, not a file" : "it is no regular file";
    throw localError("not_found", operation, at.path, detail, "List the directory, or name a file in it.");
  }

  /** Fills a temporary file beside the final one and moves it into place when it is whole. */
  async #create(
    operation: string,
    at: LocalUri,
    options: PutOptions,
    fill: (temporaryPath: string) => Promise<void>,
  ): Promise<ObjectInfo> {
    throwIfAborted(options.signal, operation, at.path);
    const path = this.#root.pathOf(operation, at.path);
    if (at.path.endsWith("/")) {
      const hint = "Directories need not be created: put the files.";
      throw localError("unsupported", operation, at.path, "a file's name cannot end in a slash", hint);
    }
    await this.#root.checkNew(operation, path);
    await refuseDirectory(operation, at, path);
    return onDisk(operation, at.path, async () => {
      await mkdir(dirname(path), { recursive: true });
      const temporaryPath = join(dirname(path), `.put-${randomUUID()}`);
      try {
        await fill(temporaryPath);
        throwIfAborted(options.signal, operation, at.path);
        const stats = await stat(temporaryPath, { bigint: true });
        checkSize(operation, at, stats, options.size);
        if (options.ifNoneMatch === true) await link(temporaryPath, path);
        else await rename(temporaryPath, path);
        return describe(at, stats);
      } finally {
        await rm(temporaryPath, { force: true });
      }
    });
  }

  async #removeEmptyParents(directory: string): Promise<void> {
    for (let current = directory; current !== this.#root.directory; current = dirname(current)) {
      const removed = await rmdir(current).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }
}

function localUri(operation: string, uri: ObjectUri): LocalUri {
  if (uri.provider === "local") return uri;
  const hint = "Open that URI with its own client.";
  throw localError("config_invalid", operation, `${uri.provider} URI`, "this client reads local:// only", hint);
}

async function refuseDirectory(operation: string, at: LocalUri, path: string): Promise<void> {
  const taken = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!taken) return;
  const hint = "Choose another name, or delete what is in the directory.";
  throw localError("config_invalid", operation, at.path, "a directory has that name", hint);
}

/** Size and time of the last change: as much of a version as a file system tells. */
function etagOf(stats: BigIntStats): string {
  return `"${stats.size.toString(16)}-${stats.mtimeNs.toString(16)}"`;
}

function describe(uri: LocalUri, stats: BigIntStats): ObjectInfo {
  return {
    uri,
    key: uri.key,
    size: Number(stats.size),
    etag: etagOf(stats),
    lastModified: stats.mtime,
    digests: [],
    digestsFinal: true,
    directoryMarker: false,
  };
}

function checkSize(operation: string, at: LocalUri, stats: BigIntStats, announced: number | undefined): void {
  if (announced === undefined || announced === Number(stats.size)) return;
  const detail = `the body has ${stats.size} bytes where ${announced} were announced`;
  throw localError("config_invalid", operation, at.path, detail, "Announce the true size, or none.");
}
