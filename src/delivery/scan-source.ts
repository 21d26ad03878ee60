import { isStorageError, StorageError, toStorageError } from "../errors.ts";
import type { ObjectInfo, Storage } from "../storage/storage.ts";
import { metadataDirectoryName } from "../store/layout.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { withKey } from "../uri/with-key.ts";

/** One file of the source, and where it belongs below the destination; the path is the source's word and not yet safe. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly info: ObjectInfo;
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with what was found so far. */
  readonly onFound?: ((files: number, bytes: number) => void) | undefined;
}

/**
 * Lists what a URI names: the object of exactly that key if there is one, else every object below it as a directory, so
 * that `s3://b/llama` is never `s3://b/llama-70b/…`. Directory markers and this project's own metadata are left out.
 * Throws `not_found` when nothing remains, and the storage's own errors.
 */
export async function scanSource(client: Storage, uri: ObjectUri, options: ScanOptions = {}): Promise<SourceFile[]> {
  const { key } = uri;
  const single = key === "" || key.endsWith("/") ? undefined : await statObject(client, uri, options);
  const itself =
    single?.info === undefined ? [] : [{ path: lastSegment(key), size: single.info.size, info: single.info }];
  // Some tools mark a directory by an empty object without the slash.
  if (itself.some(({ size }) => size > 0)) return itself;
  const prefix = key === "" || key.endsWith("/") ? uri : withKey(uri, `${key}/`);
  const files = await listFiles(client, prefix, options, single?.failure);
  if (files.length > 0) return files;
  if (itself.length > 0) return itself;
  throw (
    single?.failure ??
    new StorageError({
      code: "not_found",
      operation: "list",
      provider: client.provider,
      target: describeUri(uri),
      detail: "there are no files",
      hint: "Check the bucket and the prefix with `model-agent ls`.",
    })
  );
}

function lastSegment(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

/** The object of exactly this key; the failure when the storage did not let it be looked at; undefined when there is none. */
async function statObject(
  client: Storage,
  uri: ObjectUri,
  { signal }: ScanOptions,
): Promise<{ readonly info?: ObjectInfo; readonly failure?: StorageError } | undefined> {
  try {
    const info = await client.stat(uri, { signal });
    return info.directoryMarker ? undefined : { info };
  } catch (error) {
    if (!isStorageError(error)) throw error;
    if (error.code === "not_found") return undefined;
    // A key that may be listed below but not be read itself is common with narrow policies.
    if (error.code === "permission_denied") return { failure: error };
    throw error;
  }
}

async function listFiles(
  client: Storage,
  prefix: ObjectUri,
  { signal, onFound }: ScanOptions,
  statFailure: StorageError | undefined,
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  let bytes = 0;
  try {
    for await (const info of client.list(prefix, { signal })) {
      const path = info.key.startsWith(prefix.key) ? info.key.slice(prefix.key.length) : info.key;
      if (info.directoryMarker || path === "" || path.startsWith(`${metadataDirectoryName}/`)) continue;
      files.push({ path, size: info.size, info });
      bytes += info.size;
      if (files.length % 1000 === 0) onFound?.(files.length, bytes);
    }
  } catch (error) {
    if (signal?.aborted) throw toStorageError(signal.reason, "list", describeUri(prefix));
    if (statFailure !== undefined) throw statFailure;
    throw error;
  }
  onFound?.(files.length, bytes);
  return files;
}
