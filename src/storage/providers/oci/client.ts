import { isStorageError } from "../../../errors.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri, OciUri } from "../../../uri/object-uri.ts";
import { throwIfAborted } from "../../cancellation.ts";
import type { HttpReadSource } from "../../read-source.ts";
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
import { copyObject } from "./copy.ts";
import { ociDigestAlgorithms } from "./digests.ts";
import { ociError } from "./errors.ts";
import { listObjects } from "./list.ts";
import { locateObject } from "./locate.ts";
import type { OciAction } from "./service-failure.ts";
import type { OciSession } from "./session.ts";
import { statObject } from "./stat.ts";
import { putObject } from "./upload.ts";

/** OCI Object Storage by the official SDK; bytes are read by the engine from located sources. */
export class OciStorage implements WritableStorage {
  readonly provider = "oci";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: ociDigestAlgorithms,
    writes: true,
  };
  readonly #session: OciSession;

  constructor(session: OciSession) {
    this.#session = session;
  }

  async *list(prefix: ObjectUri, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const at = enter("list", prefix, options);
    const only = this.#session.settings.preauthenticated?.object;
    if (only === undefined) yield* listObjects(this.#session, at, options);
    // Who holds the address of one object may not list; the object is all there is to see.
    else if (only.startsWith(at.key) && !(options.startAfter !== undefined && only <= options.startAfter)) {
      yield await statObject(this.#session, { ...at, key: only }, options);
    }
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const at = enter("stat", uri, options);
    if (at.key !== "") return statObject(this.#session, at, options);
    throw ociError("not_found", { operation: "stat", uri }, "a bucket is no object", "Name an object below it.");
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    return locateObject(this.#session, enter("locate", uri, options), options);
  }

  async put(uri: ObjectUri, body: PutBody, options: PutOptions = {}): Promise<ObjectInfo> {
    return putObject(this.#session, enter("put", uri, options), body, options);
  }

  async delete(uri: ObjectUri, options: CallOptions = {}): Promise<void> {
    const at = enter("delete", uri, options);
    try {
      await this.#session.run({ action: "delete", uri: at, signal: options.signal }, (sdk, place) =>
        sdk.deleteObject({ ...place, objectName: at.key }),
      );
    } catch (error) {
      if (!isStorageError(error) || error.serviceCode !== "ObjectNotFound") throw error;
    }
  }

  async copy(from: ObjectUri, to: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return copyObject(this.#session, enter("copy", from, options), enter("copy", to, options), options);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function enter(operation: OciAction, uri: ObjectUri, { signal }: CallOptions): OciUri {
  throwIfAborted(signal, operation, describeUri(uri));
  if (uri.provider === "oci") return uri;
  const hint = "Open that URI with its own client.";
  throw ociError("config_invalid", { operation, uri }, "this client reads oci:// only", hint);
}
