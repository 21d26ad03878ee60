import { isStorageError } from "../../../errors.ts";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { AzureUri, ObjectUri } from "../../../uri/object-uri.ts";
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
import { azureDigestAlgorithms } from "./digests.ts";
import { azureError } from "./errors.ts";
import { listObjects } from "./list.ts";
import { locateObject } from "./locate.ts";
import { objectName } from "./object-name.ts";
import type { AzureAction } from "./service-failure.ts";
import type { AzureSession } from "./session.ts";
import { statObject } from "./stat.ts";
import { putObject } from "./upload.ts";

/** Azure Blob Storage by the official SDK; bytes are read by the engine from located sources. */
export class AzureStorage implements WritableStorage {
  readonly provider = "azure";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: azureDigestAlgorithms,
    writes: true,
  };
  readonly #session: AzureSession;

  constructor(session: AzureSession) {
    this.#session = session;
  }

  async *list(prefix: ObjectUri, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    yield* listObjects(this.#session, enter("list", prefix, options), options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return statObject(this.#session, enter("stat", uri, options), options);
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    return locateObject(this.#session, enter("locate", uri, options), options);
  }

  async put(uri: ObjectUri, body: PutBody, options: PutOptions = {}): Promise<ObjectInfo> {
    return putObject(this.#session, enter("put", uri, options), body, options);
  }

  async delete(uri: ObjectUri, options: CallOptions = {}): Promise<void> {
    const at = enter("delete", uri, options);
    const name = objectName("delete", at);
    try {
      await this.#session.run({ action: "delete", uri: at, signal: options.signal }, (container) =>
        container.getBlobClient(name).delete(),
      );
    } catch (error) {
      if (!isStorageError(error) || error.serviceCode !== "BlobNotFound") throw error;
    }
  }

  async copy(from: ObjectUri, to: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return copyObject(this.#session, enter("copy", from, options), enter("copy", to, options), options);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function enter(operation: AzureAction, uri: ObjectUri, { signal }: CallOptions): AzureUri {
  throwIfAborted(signal, operation, describeUri(uri));
  if (uri.provider === "azure") return uri;
  const hint = "Open that URI with its own client.";
  throw azureError("config_invalid", { operation, uri }, "this client reads az:// only", hint);
}
