import { StorageError } from "../errors.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import type { ReadSource } from "./read-source.ts";
import type { Capabilities, ObjectInfo, ProviderName, Storage } from "./storage.ts";

export interface UnreadableStorageOptions {
  readonly provider: ProviderName;
  /** Why nothing can be read here, and what to do instead. */
  readonly detail: string;
  readonly hint: string;
  /** True where a listing is rightly empty; otherwise it fails like every other call. */
  readonly listsNothing: boolean;
}

/** A place that is known and valid and from which no byte is ever fetched: every read fails with `unsupported` and says why. */
export class UnreadableStorage implements Storage {
  readonly provider: ProviderName;
  readonly capabilities: Capabilities = {
    rangedReads: false,
    locates: false,
    orderedListing: true,
    delimiter: false,
    pinnedReads: false,
    digests: [],
    writes: false,
  };
  readonly #options: UnreadableStorageOptions;

  constructor(options: UnreadableStorageOptions) {
    this.provider = options.provider;
    this.#options = options;
  }

  async *list(prefix: ObjectUri): AsyncGenerator<ObjectInfo> {
    if (!this.#options.listsNothing) throw this.#refusal("list", prefix);
    yield* [];
  }

  async stat(uri: ObjectUri): Promise<ObjectInfo> {
    throw this.#refusal("stat", uri);
  }

  async locate(uri: ObjectUri): Promise<ReadSource> {
    throw this.#refusal("locate", uri);
  }

  async close(): Promise<void> {}

  #refusal(operation: string, uri: ObjectUri): StorageError {
    const { provider, detail, hint } = this.#options;
    return new StorageError({ code: "unsupported", operation, provider, target: describeUri(uri), detail, hint });
  }
}
