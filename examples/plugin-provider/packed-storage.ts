import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
// In a project of your own: from "model-agent/storage".
import {
  applyListOptions,
  type Capabilities,
  compareKeys,
  type Digest,
  describeUri,
  type ErrorCode,
  type ListOptions,
  type LocateOptions,
  type ObjectInfo,
  type ObjectUri,
  type ReadSource,
  type SequentialStorage,
  StorageError,
  withKey,
} from "../../src/public/storage.ts";

/** What the catalogue of a packed directory says about one file. */
interface PackedFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** The compressed file beside the catalogue. */
  readonly stored: string;
}

/**
 * Files that are stored compressed, one `.gz` each, with a catalogue in `packed.json`. Compressed data can only be read
 * from its beginning: there is no range that could be located, so that this storage reads by itself.
 */
export class PackedStorage implements SequentialStorage {
  readonly provider = "packed";
  readonly capabilities: Capabilities = {
    rangedReads: false,
    locates: false,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ["sha256"],
    writes: false,
  };
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  list(prefix: ObjectUri, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    return applyListOptions(this.#entries(prefix, options), prefix, options);
  }

  async stat(uri: ObjectUri, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<ObjectInfo> {
    return describe(uri, await this.#find("stat", uri, options.signal));
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<ReadSource> {
    this.#check("locate", uri, options.signal);
    throw failure(
      "unsupported",
      "locate",
      uri,
      "packed files have no ranges",
      "Use read, or bulkDownload, which does.",
    );
  }

  async *read(
    uri: ObjectUri,
    options: LocateOptions & { readonly offset?: number | undefined } = {},
  ): AsyncGenerator<Uint8Array> {
    const file = await this.#find("read", uri, options.signal);
    if (options.pin?.version !== undefined && options.pin.version !== file.sha256) {
      throw failure("precondition_failed", "read", uri, "it was packed anew", "Describe it again and start over.");
    }
    let skip = options.offset ?? 0;
    const packed = createReadStream(join(this.#directory, file.stored));
    const unpacked = createGunzip();
    packed.on("error", (error) => unpacked.destroy(error));
    try {
      for await (const chunk of packed.pipe(unpacked) as AsyncIterable<Uint8Array>) {
        this.#check("read", uri, options.signal);
        if (chunk.length > skip) yield chunk.subarray(skip);
        skip = Math.max(0, skip - chunk.length);
      }
    } finally {
      packed.destroy();
    }
  }

  async close(): Promise<void> {}

  async *#entries(prefix: ObjectUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
    this.#check("list", prefix, options.signal);
    const files = await this.#catalogue("list", prefix);
    for (const file of files.toSorted((left, right) => compareKeys(left.path, right.path))) {
      if (file.path.startsWith(prefix.key)) yield describe(withKey(prefix, file.path), file);
    }
  }

  async #find(operation: string, uri: ObjectUri, signal: AbortSignal | undefined): Promise<PackedFile> {
    this.#check(operation, uri, signal);
    const found = (await this.#catalogue(operation, uri)).find((file) => file.path === uri.key);
    if (found !== undefined) return found;
    throw failure("not_found", operation, uri, "the catalogue does not name it", "List the directory.");
  }

  async #catalogue(operation: string, uri: ObjectUri): Promise<readonly PackedFile[]> {
    try {
      return JSON.parse(await readFile(join(this.#directory, "packed.json"), "utf8")).files;
    } catch (cause) {
      const hint = "Check the path in the URI and the catalogue's JSON.";
      throw failure("not_found", operation, uri, "there is no readable packed.json", hint, cause);
    }
  }

  #check(operation: string, uri: ObjectUri, signal: AbortSignal | undefined): void {
    if (uri.provider !== "plugin" || uri.scheme !== "packed") {
      throw failure("config_invalid", operation, uri, "it is no packed:// URI", "Open it with its own client.");
    }
    if (signal?.aborted === true) {
      throw failure("cancelled", operation, uri, "it was cancelled", "Run it again.", signal.reason);
    }
  }
}

function describe(uri: ObjectUri, file: PackedFile): ObjectInfo {
  const sha256: Digest = { kind: "full", algorithm: "sha256", value: file.sha256, confidence: "stated" };
  return {
    uri,
    key: uri.key,
    size: file.size,
    version: file.sha256,
    digests: [sha256],
    digestsFinal: true,
    directoryMarker: false,
  };
}

function failure(
  code: ErrorCode,
  operation: string,
  uri: ObjectUri,
  detail: string,
  hint: string,
  cause?: unknown,
): StorageError {
  return new StorageError({ code, operation, provider: "packed", target: describeUri(uri), detail, hint, cause });
}
