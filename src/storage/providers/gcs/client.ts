import { describeUri } from "../../../uri/describe-uri.ts";
import type { GcsUri, ObjectUri } from "../../../uri/object-uri.ts";
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
import { gcsError } from "./errors.ts";
import { listObjects } from "./list.ts";
import { locateObject } from "./locate.ts";
import { gcsDigestAlgorithms } from "./object-resource.ts";
import type { GcsAction } from "./service-failure.ts";
import { type GcsSession, objectPath } from "./session.ts";
import { statObject } from "./stat.ts";
import { putObject } from "./upload.ts";

/** Google Cloud Storage by its JSON API (https://cloud.google.com/storage/docs/json_api); the engine reads the bytes. */
export class GcsStorage implements WritableStorage {
  readonly provider = "gcs";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: gcsDigestAlgorithms,
    writes: true,
  };
  readonly #session: GcsSession;

  constructor(session: GcsSession) {
    this.#session = session;
  }

  async *list(prefix: ObjectUri, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    yield* listObjects(this.#session, enter("list", prefix, options), options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return statObject(this.#session, named("stat", uri, options), options);
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    return locateObject(this.#session, named("locate", uri, options), options);
  }

  async put(uri: ObjectUri, body: PutBody, options: PutOptions = {}): Promise<ObjectInfo> {
    return putObject(this.#session, named("put", uri, options), body, options);
  }

  async delete(uri: ObjectUri, options: CallOptions = {}): Promise<void> {
    const at = named("delete", uri, options);
    const { status, text } = await this.#session.send({
      action: "delete",
      uri: at,
      signal: options.signal,
      method: "DELETE",
      path: objectPath(at),
      accept: [404],
    });
    if (status !== 404 || !/bucket does not exist/i.test(text)) return;
    const hint = "Check its name.";
    throw gcsError("not_found", { operation: "delete", uri }, `there is no bucket ${at.bucket}`, hint);
  }

  async copy(from: ObjectUri, to: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return copyObject(this.#session, named("copy", from, options), named("copy", to, options), options);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function enter(operation: GcsAction, uri: ObjectUri, { signal }: CallOptions): GcsUri {
  throwIfAborted(signal, operation, describeUri(uri));
  if (uri.provider === "gcs") return uri;
  const hint = "Open that URI with its own client.";
  throw gcsError("config_invalid", { operation, uri }, "this client reads gs:// and gcp:// only", hint);
}

/** As {@link enter}, for what is done to one object. */
function named(operation: GcsAction, uri: ObjectUri, options: CallOptions): GcsUri {
  const at = enter(operation, uri, options);
  if (at.key !== "") return at;
  throw gcsError("not_found", { operation, uri }, "a bucket is no object", "Name an object below it.");
}
