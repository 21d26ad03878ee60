import { isStorageError } from "../../../../errors.ts";
import type { Clock } from "../../../../telemetry/clock.ts";
import { describeUri } from "../../../../uri/describe-uri.ts";
import type { HttpUri } from "../../../../uri/object-uri.ts";
import { applyListOptions } from "../../../apply-list-options.ts";
import { throwIfAborted } from "../../../cancellation.ts";
import type { Digest } from "../../../digest.ts";
import { compareKeys } from "../../../key-order.ts";
import { mapOrdered } from "../../../map-ordered.ts";
import type { ListOptions, ObjectInfo } from "../../../storage.ts";
import { describeObject } from "../describe-object.ts";
import { httpError } from "../errors.ts";
import { strongestFirst } from "../header-digests.ts";
import type { HttpRequests } from "../http-requests.ts";
import { readChecksumFile } from "./checksum-file.ts";
import { childUri, readDirectoryIndex } from "./directory-index.ts";
import type { ListedFile } from "./index-entry.ts";
import { type FoundFile, walkServerIndex } from "./walk-server-index.ts";

/** Requests about single files that a listing has under way. */
const concurrency = 16;

/** A directory behind a URL: what is in it, by whatever index it has. */
export class HttpDirectory {
  readonly #uri: HttpUri;
  readonly #index: string | undefined;
  readonly #requests: HttpRequests;
  readonly #clock: Clock;
  /** Digests that the file list or checksum files told, by key. */
  readonly #digests = new Map<string, readonly Digest[]>();
  /** Sizes by key, once an explicit file list was read. */
  #listedSizes: ReadonlyMap<string, number> | undefined;

  constructor(uri: HttpUri, index: string | undefined, requests: HttpRequests, clock: Clock) {
    this.#uri = uri;
    this.#index = index;
    this.#requests = requests;
    this.#clock = clock;
  }

  /** Whether a prefix lies in this directory. */
  holds(prefix: HttpUri): boolean {
    return prefix.key.startsWith(this.#uri.key);
  }

  /** Objects below a prefix, in key order. */
  async *list(prefix: HttpUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
    const { signal, delimiter } = options;
    const index = await readDirectoryIndex(this.#requests, this.#uri, this.#index, signal);
    if (index.kind === "files") {
      this.#remember(index.files);
      yield* applyListOptions(this.#listed(index.files, prefix, signal), prefix, options);
      return;
    }
    const files = walkServerIndex(this.#requests, this.#uri, index.entries, prefix, options);
    const objects = mapOrdered(files, concurrency, (file) => this.#describe(file, signal));
    // The walk tells groups of "/" itself, because it need not read them.
    const rest = { ...options, delimiter: delimiter === "/" ? undefined : delimiter };
    yield* applyListOptions(objects, prefix, rest);
  }

  /** One object, with the digests that the directory's index told. */
  async stat(uri: HttpUri, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    if (this.#index !== undefined && this.#listedSizes === undefined) {
      const index = await readDirectoryIndex(this.#requests, this.#uri, this.#index, signal);
      if (index.kind === "files") this.#remember(index.files);
    }
    const info = await describeObject(this.#requests, uri, "stat", signal, () => this.#clock.now());
    const listed = this.#listedSizes?.get(uri.key);
    if (listed === undefined || listed === info.size) return this.#withDigests(info);
    const detail = `the file list says ${listed} bytes and the server ${info.size}`;
    throw httpError("precondition_failed", "stat", uri, detail, "Bring the file list up to date.");
  }

  async *#listed(
    files: readonly ListedFile[],
    prefix: HttpUri,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ObjectInfo> {
    const below = files
      .map((file) => ({ uri: childUri(this.#uri, file.path), file }))
      .filter(({ uri }) => uri.key.startsWith(prefix.key))
      .sort((left, right) => compareKeys(left.uri.key, right.uri.key));
    for (const { uri, file } of below) {
      throwIfAborted(signal, "list", describeUri(prefix));
      yield sized(uri, file.size, file.digests);
    }
  }

  async #describe(file: FoundFile, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    const { uri, size, sidecar } = file;
    throwIfAborted(signal, "list", describeUri(uri));
    if (sidecar !== undefined) {
      const { text } = await this.#requests.text("list", sidecar, "text/plain, */*;q=0.1", signal);
      const digest = readChecksumFile(text, uri.key.slice(uri.key.lastIndexOf("/") + 1));
      if (digest !== undefined) this.#digests.set(uri.key, [digest]);
    }
    if (size !== undefined) return sized(uri, size, this.#digests.get(uri.key) ?? []);
    return this.#withDigests(
      await describeObject(this.#requests, uri, "list", signal, () => this.#clock.now()).catch((error) => {
        if (!isStorageError(error) || error.code !== "not_found") throw error;
        const detail = "the index names it and the server does not have it";
        throw error.with({ detail, hint: "List it again; when it stays, repair the index or exclude the file." });
      }),
    );
  }

  #remember(files: readonly ListedFile[]): void {
    const sizes = new Map<string, number>();
    for (const file of files) {
      const { key } = childUri(this.#uri, file.path);
      sizes.set(key, file.size);
      this.#digests.set(key, file.digests);
    }
    this.#listedSizes = sizes;
  }

  #withDigests(info: ObjectInfo): ObjectInfo {
    const told = this.#digests.get(info.key);
    return told === undefined ? info : { ...info, digests: strongestFirst([...told, ...info.digests]) };
  }
}

/** An object of which the index told the size, so that nobody asked for it yet. */
function sized(uri: HttpUri, size: number, digests: readonly Digest[]): ObjectInfo {
  return { uri, key: uri.key, size, digests, digestsFinal: digests.length > 0, directoryMarker: false };
}
