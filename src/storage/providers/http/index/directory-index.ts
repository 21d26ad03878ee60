import { isStorageError, type StorageError } from "../../../../errors.ts";
import { describeUri } from "../../../../uri/describe-uri.ts";
import type { HttpUri } from "../../../../uri/object-uri.ts";
import { encodePath } from "../../../../uri/percent-encoding.ts";
import { httpError } from "../errors.ts";
import type { HttpRequests } from "../http-requests.ts";
import { readHtmlIndex } from "./html-index.ts";
import { type JsonIndex, readJsonIndex } from "./json-index.ts";

const anyIndex = "application/json, text/html;q=0.9, */*;q=0.1";
const defaultFileList = "index.json";

/**
 * Finds and reads what tells the contents of a directory: the file list that `index` names, or the directory's own page
 * (HTML or JSON), or, where the server shows none, a file list named `index.json`.
 *
 * @throws StorageError `unsupported` when there is no index at all.
 */
export async function readDirectoryIndex(
  requests: HttpRequests,
  directory: HttpUri,
  index: string | undefined,
  signal: AbortSignal | undefined,
): Promise<JsonIndex> {
  if (index !== undefined) return readFileList(requests, relativeUri(directory, index), signal);
  try {
    return await readDirectoryPage(requests, directory, signal);
  } catch (error) {
    if (!isStorageError(error) || !hidesDirectory.has(error.code)) throw error;
    try {
      return await readFileList(requests, relativeUri(directory, defaultFileList), signal);
    } catch (second) {
      throw isStorageError(second) && hidesDirectory.has(second.code) ? explain(error) : second;
    }
  }
}

/** What servers say about directories that they do not show. */
const hidesDirectory: ReadonlySet<string> = new Set(["not_found", "permission_denied", "unsupported"]);

/** A server that hides its directories often says that access is denied: that is no question of credentials alone. */
function explain(error: StorageError): StorageError {
  if (error.code !== "permission_denied") return error;
  return error.with({ hint: `Check that these credentials may read it. ${showIndex}` });
}

const showIndex =
  "Switch the server's autoindex on, or give a file list with parameters.index (docs/providers/http.md).";

/** Reads one level of a server's own index. */
export async function readDirectoryPage(
  requests: HttpRequests,
  directory: HttpUri,
  signal: AbortSignal | undefined,
): Promise<JsonIndex> {
  const target = describeUri(directory);
  const page = await requests.text("list", directory, anyIndex, signal);
  if (page.json) return readJsonIndex(page.text, target);
  const entries = page.html ? readHtmlIndex(page.text, page.url, target) : undefined;
  if (entries !== undefined) return { kind: "level", entries };
  throw httpError("unsupported", "list", directory, "the server shows no index of this directory", showIndex);
}

async function readFileList(requests: HttpRequests, uri: HttpUri, signal: AbortSignal | undefined): Promise<JsonIndex> {
  const { text } = await requests.text("list", uri, "application/json, */*;q=0.1", signal);
  return readJsonIndex(text, describeUri(uri));
}

/** The address of a file list, which has to be on the directory's own server: it gets its credentials. */
function relativeUri(directory: HttpUri, index: string): HttpUri {
  const base = `${directory.origin}/${directory.encodedPath}`;
  const url = URL.canParse(index, base) ? new URL(index, base) : undefined;
  if (url === undefined || url.origin !== directory.origin) {
    const hint = "Write parameters.index relative to the directory, such as index.json.";
    throw httpError("config_invalid", "list", directory, "its file list would lie on another server", hint);
  }
  const encodedPath = url.pathname.slice(1);
  return { ...directory, encodedPath, key: encodedPath, query: url.search === "" ? directory.query : url.search };
}

/** The address of something below a directory, by its decoded path; the directory's query goes with it. */
export function childUri(directory: HttpUri, path: string): HttpUri {
  return { ...directory, key: directory.key + path, encodedPath: directory.encodedPath + encodePath(path) };
}
