import { isStorageError } from "../../../../errors.ts";
import { describeUri } from "../../../../uri/describe-uri.ts";
import type { HttpUri } from "../../../../uri/object-uri.ts";
import { throwIfAborted } from "../../../cancellation.ts";
import type { ListOptions } from "../../../storage.ts";
import { type TreeEntry, walkTree } from "../../../walk-tree.ts";
import { httpError } from "../errors.ts";
import type { HttpRequests } from "../http-requests.ts";
import { sidecarNames } from "./checksum-file.ts";
import { childUri, readDirectoryPage } from "./directory-index.ts";
import type { IndexEntry } from "./index-entry.ts";

/** A file that a server's index shows, before it was asked for itself. */
export interface FoundFile {
  readonly uri: HttpUri;
  /** Exact size where the index tells it. */
  readonly size: number | undefined;
  /** Address of its checksum file, where the index shows one. */
  readonly sidecar: HttpUri | undefined;
}

const maxDepth = 32;
/** Directories that one listing reads at most: a server whose links lead in circles has no last one. */
const maxDirectories = 100_000;

/**
 * Every file below the prefix that the server's pages lead to, in key order, one page after the other. With the delimiter
 * `/`, directories are told as groups and not read.
 *
 * @throws StorageError `unsafe_path` when directories nest deeper than 32 levels or have no end.
 */
export async function* walkServerIndex(
  requests: HttpRequests,
  root: HttpUri,
  rootEntries: readonly IndexEntry[],
  prefix: HttpUri,
  options: ListOptions,
): AsyncGenerator<FoundFile> {
  const { signal, startAfter, delimiter, onPrefix } = options;
  let directories = 0;
  const readEntries = async (directory: HttpUri, key: string): Promise<TreeEntry<FoundFile, HttpUri>[]> => {
    throwIfAborted(signal, "list", describeUri(directory));
    directories += 1;
    const depth = key.slice(root.key.length).split("/").length - 1;
    if (depth > maxDepth || directories > maxDirectories) throw endless(directory);
    if (key === root.key) return toTree(directory, rootEntries);
    const page = await readDirectoryPage(requests, directory, signal);
    if (page.kind === "level") return toTree(directory, page.entries);
    const hint = "Open that directory itself, or name its files in the list of the directory above.";
    throw httpError("unsupported", "list", directory, "it has a file list of its own inside another index", hint);
  };
  const enter = async (key: string): Promise<boolean> => {
    if (delimiter === "/") onPrefix?.({ prefix: key });
    return delimiter !== "/";
  };
  const below = prefix.key.startsWith(root.key) ? prefix.key.slice(root.key.length) : "";
  const path = below.slice(0, below.lastIndexOf("/") + 1);
  const start = path === "" ? root : childUri(root, path);
  try {
    for await (const { leaf } of walkTree(start, start.key, below.slice(path.length), {
      readEntries,
      startAfter,
      enter,
    })) {
      yield leaf;
    }
  } catch (error) {
    const missing = isStorageError(error) && error.code === "not_found" && error.target === describeUri(start);
    if (path !== "" && missing) return;
    throw error;
  }
}

function toTree(directory: HttpUri, entries: readonly IndexEntry[]): TreeEntry<FoundFile, HttpUri>[] {
  const files = new Set(entries.filter((entry) => !entry.directory).map((entry) => entry.name));
  return entries.map(({ name, size, directory: isDirectory }) => {
    if (isDirectory) return { kind: "directory", name, branch: childUri(directory, `${name}/`) };
    const sidecar = sidecarNames(name).find((candidate) => files.has(candidate));
    const leaf: FoundFile = {
      uri: childUri(directory, name),
      size,
      sidecar: sidecar === undefined ? undefined : childUri(directory, sidecar),
    };
    return { kind: "file", name, leaf };
  });
}

function endless(directory: HttpUri) {
  const detail = `the directories nest deeper than ${maxDepth} levels or are more than ${maxDirectories}`;
  const hint = "Look for links that lead in a circle, or give a file list with parameters.index.";
  return httpError("unsafe_path", "list", directory, detail, hint);
}
