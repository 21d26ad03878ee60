import { isStorageError } from "../../../errors.ts";
import type { NetworkProfile } from "../../../network/network-profile.ts";
import type { Clock, Random } from "../../../telemetry/clock.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import { formatUri } from "../../../uri/format-uri.ts";
import type { HttpUri, ObjectUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import { throwIfAborted } from "../../cancellation.ts";
import { HttpClient } from "../../http/http-client.ts";
import type { HttpReadSource } from "../../read-source.ts";
import type { CallOptions, Capabilities, ListOptions, LocateOptions, ObjectInfo, Storage } from "../../storage.ts";
import type { HttpCredentials } from "./credentials.ts";
import { describeObject, directoryCode } from "./describe-object.ts";
import { httpError } from "./errors.ts";
import { HttpRequests } from "./http-requests.ts";
import { HttpDirectory } from "./index/http-directory.ts";
import { pinnedTo } from "./validator.ts";

export interface HttpStorageOptions {
  /** The URI that was opened; a directory when its path is empty or ends in `/`. */
  readonly uri: HttpUri;
  readonly credentials: HttpCredentials;
  /** Address of the file list, relative to the directory. */
  readonly index: string | undefined;
  readonly network: NetworkProfile;
  readonly clock: Clock;
  readonly random: Random;
}

/** One object behind a URL, or the files of a directory that a web server or a file list tells. */
export class HttpStorage implements Storage {
  readonly provider = "http";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ["sha256", "sha1", "git-sha1", "md5", "crc64nvme", "crc32c", "crc32"],
    writes: false,
  };
  readonly #options: HttpStorageOptions;
  readonly #client: HttpClient;
  readonly #requests: HttpRequests;
  /** The directory that was opened or listed; undefined for a single object. */
  #directory: HttpDirectory | undefined;

  constructor(options: HttpStorageOptions) {
    const { uri, clock, random } = options;
    this.#options = options;
    this.#client = new HttpClient(options.network);
    this.#requests = new HttpRequests({
      client: this.#client,
      authorization: options.credentials.authorization,
      clock,
      random,
    });
    if (isDirectory(uri)) this.#directory = this.#openDirectory(uri);
  }

  list(prefix: ObjectUri, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    return this.#list(prefix, options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const at = this.#own("stat", uri);
    throwIfAborted(options.signal, "stat", describeUri(at));
    if (this.#directory !== undefined) return this.#directory.stat(at, options.signal);
    return describeObject(this.#requests, at, "stat", options.signal, () => this.#options.clock.now());
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    const at = this.#own("locate", uri);
    throwIfAborted(options.signal, "locate", describeUri(at));
    const { authorization } = this.#options.credentials;
    return {
      kind: "http",
      url: formatUri(at),
      headers: authorization === undefined ? {} : { authorization },
      expiresAt: Number.POSITIVE_INFINITY,
      secretUrl: at.query !== "" || preauthenticated.test(at.encodedPath),
      dropHeadersOnRedirect: true,
      ...pinnedTo(options.pin?.etag),
      network: this.#options.network,
    };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async *#list(prefix: ObjectUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
    const at = this.#own("list", prefix);
    throwIfAborted(options.signal, "list", describeUri(at));
    const directory = this.#directoryOf(at);
    yield* directory === undefined
      ? applyListOptions(this.#single(at, options), at, options)
      : directory.list(at, options);
  }

  /** A client that was opened without the slash at the end lists a directory as soon as it is asked for one. */
  #directoryOf(at: HttpUri): HttpDirectory | undefined {
    if (this.#directory?.holds(at) !== true && isDirectory(at)) this.#directory = this.#openDirectory(at);
    return this.#directory;
  }

  #openDirectory(uri: HttpUri): HttpDirectory {
    return new HttpDirectory(uri, this.#options.index, this.#requests, this.#options.clock);
  }

  /** The listing of an object's own address: that object, or nothing; what is a directory was not meant as an object. */
  async *#single(at: HttpUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
    try {
      yield await this.stat(at, options);
    } catch (error) {
      if (!isStorageError(error) || error.code !== "not_found" || error.serviceCode === directoryCode) throw error;
    }
  }

  /** Credentials go to the opened server only, and to nothing beside the opened directory. */
  #own(operation: string, uri: ObjectUri): HttpUri {
    const { uri: opened } = this.#options;
    if (uri.provider !== "http" || uri.origin !== opened.origin) {
      const hint = "Open that URI with its own client.";
      throw httpError("config_invalid", operation, uri, `this client reads ${opened.origin} only`, hint);
    }
    const root = isDirectory(opened) ? opened.key : opened.key.replace(/[^/]*$/, "");
    if (uri.key.startsWith(root) || `${uri.key}/` === root) return uri;
    const hint = "Open a client for that directory.";
    throw httpError("unsafe_path", operation, uri, "it lies outside of the directory that was opened", hint);
  }
}

/** The address of a pre-authenticated request of OCI has its secret in the path. */
const preauthenticated = /^p\/[^/]+\/n\//;

function isDirectory(uri: HttpUri): boolean {
  return uri.encodedPath === "" || uri.encodedPath.endsWith("/");
}
