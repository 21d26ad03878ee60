import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { describeUri } from "../../../uri/describe-uri.ts";
import type { ObjectUri, S3Uri } from "../../../uri/object-uri.ts";
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
import { s3DigestAlgorithms } from "./digests.ts";
import { s3Error } from "./errors.ts";
import { listObjects } from "./list.ts";
import { Locator } from "./locate.ts";
import type { S3Action } from "./service-failure.ts";
import type { S3Session } from "./session.ts";
import { statObject } from "./stat.ts";
import { putObject } from "./upload.ts";

/** Amazon S3 and what speaks its language, by the official SDK; bytes are read by the engine from located sources. */
export class S3Storage implements WritableStorage {
  readonly provider = "s3";
  readonly capabilities: Capabilities = {
    rangedReads: true,
    locates: true,
    orderedListing: true,
    delimiter: true,
    pinnedReads: true,
    digests: s3DigestAlgorithms,
    writes: true,
  };
  readonly #session: S3Session;
  readonly #locator: Locator;

  constructor(session: S3Session) {
    this.#session = session;
    this.#locator = new Locator(session);
  }

  async *list(prefix: ObjectUri, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const at = enter("list", prefix, options);
    const { versionId, versionedKey } = this.#session.settings;
    if (versionId !== undefined && at.key === versionedKey) yield await statObject(this.#session, at, options);
    else yield* listObjects(this.#session, at, options);
  }

  async stat(uri: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    const at = enter("stat", uri, options);
    if (at.key !== "") return statObject(this.#session, at, options);
    throw s3Error("not_found", { operation: "stat", uri }, "a bucket is no object", "Name an object below it.");
  }

  async locate(uri: ObjectUri, options: LocateOptions = {}): Promise<HttpReadSource> {
    return this.#locator.locate(enter("locate", uri, options), options);
  }

  async put(uri: ObjectUri, body: PutBody, options: PutOptions = {}): Promise<ObjectInfo> {
    return putObject(this.#session, enter("put", uri, options), body, options);
  }

  async delete(uri: ObjectUri, options: CallOptions = {}): Promise<void> {
    const at = enter("delete", uri, options);
    const input = { Bucket: at.bucket, Key: at.key };
    const payer = this.#session.settings.requesterPays ? ({ RequestPayer: "requester" } as const) : {};
    await this.#session.run({ action: "delete", uri: at, signal: options.signal }, (sdk, sendOptions) =>
      sdk.send(new DeleteObjectCommand({ ...input, ...payer }), sendOptions),
    );
  }

  async copy(from: ObjectUri, to: ObjectUri, options: CallOptions = {}): Promise<ObjectInfo> {
    return copyObject(this.#session, enter("copy", from, options), enter("copy", to, options), options);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

function enter(operation: S3Action, uri: ObjectUri, { signal }: CallOptions): S3Uri {
  throwIfAborted(signal, operation, describeUri(uri));
  if (uri.provider === "s3") return uri;
  const hint = "Open that URI with its own client.";
  throw s3Error("config_invalid", { operation, uri }, "this client reads s3:// only", hint);
}
