import { describeUri } from "../../../uri/describe-uri.ts";
import type { MemoryUri, ObjectUri } from "../../../uri/object-uri.ts";
import { applyListOptions } from "../../apply-list-options.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { BytesReadSource } from "../../read-source.ts";
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
import { memoryError } from "./errors.ts";
import type { MemoryObject, MemoryStore } from "./memory-store.ts";

/** `memory://bucket/key` over a {@link MemoryStore}: an object store without a network, for tests and examples. */
export class MemoryStorage implements WritableStorage {
  readonly provider = "memory";
  readonly capabilities: Capabilities;
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
    this.capabilities = {
      rangedReads: true,
      locates: true,
      orderedListing: true,
      delimiter: true,
      pinnedReads: true,
      digests: store.offeredDigests,
      writes: true,
    };
  }

  list(prefix: ObjectUri, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    return applyListOptions(this.#pages(prefix, options), prefix, options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const at = await this.#enter("stat", uri, options);
    return describe(at, this.#existing("stat", at));
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<BytesReadSource> {
    const at = await this.#enter("locate", uri, options);
    const object = this.#existing("locate", at);
    const { pin } = options;
    const stale =
      pin !== undefined &&
      (pin.size !== object.bytes.length ||
        (pin.etag !== undefined && pin.etag !== object.etag) ||
        (pin.version !== undefined && pin.version !== object.generation));
    if (stale) {
      throw memoryError(
        "precondition_failed",
        "locate",
        uri,
        "it changed since it was described",
        "Describe it again.",
      );
    }
    return { kind: "bytes", bytes: object.bytes };
  }

  async put(uri: ObjectUri, body: PutBody, options: PutOptions = {}): Promise<ObjectInfo> {
    const at = await this.#enter("put", uri, options);
    const bytes = await gather(body, () => throwIfAborted(options.signal, "put", describeUri(uri)));
    if (options.size !== undefined && options.size !== bytes.length) {
      const detail = `the body has ${bytes.length} bytes where ${options.size} were announced`;
      throw memoryError("config_invalid", "put", uri, detail, "Announce the true size, or none.");
    }
    if (options.ifNoneMatch === true && this.#store.get(at.bucket, at.key) !== undefined) {
      throw memoryError("precondition_failed", "put", uri, "it exists", "Delete it first, or allow overwriting.");
    }
    return describe(at, this.#store.set(at.bucket, at.key, bytes, options));
  }

  async delete(uri: ObjectUri, options: CallOptions = {}): Promise<void> {
    const at = await this.#enter("delete", uri, options);
    this.#store.remove(at.bucket, at.key);
  }

  async copy(from: ObjectUri, to: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const source = await this.#enter("copy", from, options);
    const target = this.#locateBucket("copy", to);
    const object = this.#existing("copy", source);
    const copied = this.#store.set(target.bucket, target.key, object.bytes, { contentType: object.contentType });
    return describe(target, copied);
  }

  async close(): Promise<void> {}

  async *#pages(prefix: ObjectUri, options: ListOptions): AsyncGenerator<ObjectInfo> {
    const at = await this.#enter("list", prefix, options);
    const pageSize = options.pageSize ?? 1000;
    let after = options.startAfter;
    for (;;) {
      throwIfAborted(options.signal, "list", describeUri(prefix));
      const keys = this.#store.page(at.bucket, at.key, after, pageSize);
      for (const key of keys) {
        const object = this.#store.get(at.bucket, key);
        if (object !== undefined) yield describe({ ...at, key }, object);
      }
      if (keys.length < pageSize) return;
      after = keys.at(-1);
    }
  }

  async #enter(operation: Operation, uri: ObjectUri, options: CallOptions): Promise<MemoryUri> {
    throwIfAborted(options.signal, operation, describeUri(uri));
    const at = this.#locateBucket(operation, uri);
    await this.#store.hook?.({ operation, bucket: at.bucket, key: at.key });
    throwIfAborted(options.signal, operation, describeUri(uri));
    return at;
  }

  #locateBucket(operation: Operation, uri: ObjectUri): MemoryUri {
    if (uri.provider !== "memory") {
      const hint = "Open that URI with its own client.";
      throw memoryError("config_invalid", operation, uri, "this client reads memory:// only", hint);
    }
    if (!this.#store.hasBucket(uri.bucket)) {
      const hint = "Create the bucket on the MemoryStore first.";
      throw memoryError("not_found", operation, uri, `bucket ${uri.bucket} does not exist`, hint);
    }
    return uri;
  }

  #existing(operation: Operation, uri: MemoryUri): MemoryObject {
    const object = this.#store.get(uri.bucket, uri.key);
    if (object !== undefined) return object;
    throw memoryError("not_found", operation, uri, "there is no such object", "Check the key with a listing.");
  }
}

type Operation = "list" | "stat" | "locate" | "put" | "delete" | "copy";

function describe(uri: MemoryUri, object: MemoryObject): ObjectInfo {
  return {
    uri,
    key: uri.key,
    size: object.bytes.length,
    etag: object.etag,
    version: object.generation,
    lastModified: object.lastModified,
    contentType: object.contentType,
    digests: object.digests,
    digestsFinal: true,
    directoryMarker: object.bytes.length === 0 && uri.key.endsWith("/"),
  };
}

async function gather(body: PutBody, check: () => void): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) {
    check();
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks);
}
