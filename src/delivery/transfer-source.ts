import type { ReadSource } from "../storage/read-source.ts";
import type { LocateOptions, ObjectInfo, Pin, SequentialStorage, Storage } from "../storage/storage.ts";
import { isSequentialStorage } from "../storage/storage-kinds.ts";
import type { TransferFile, TransferSource } from "../transfer/transfer-types.ts";
import { describeUri } from "../uri/describe-uri.ts";
import { withKey } from "../uri/with-key.ts";
import type { PlannedFile } from "./planned-file.ts";

/** Planned files as the engine takes them. */
export function transferRequests(client: Storage, files: readonly PlannedFile[]): readonly TransferFile[] {
  const scopes = new Map<string, string>();
  return files.map(({ path, size, info, priority }): TransferFile => {
    const scope = describeUri(withKey(info.uri, ""));
    const shared = scopes.get(scope) ?? scope;
    scopes.set(scope, shared);
    const source = isSequentialStorage(client)
      ? new SequentialSource(client, info, shared)
      : new LocatedSource(client, info, shared);
    return { path, size, digests: info.digests, rangeDigests: info.rangeDigests, priority, sources: [source] };
  });
}

/** How the engine reads one object of a storage that locates. There may be many thousands: what is rarely asked for is not kept. */
class LocatedSource implements TransferSource {
  readonly scope: string;
  readonly #client: Storage;
  readonly #info: ObjectInfo;

  constructor(client: Storage, info: ObjectInfo, scope: string) {
    this.#client = client;
    this.#info = info;
    this.scope = scope;
  }

  get id(): string {
    return this.region === undefined ? this.provider : `${this.provider}:${this.region}`;
  }

  get provider(): string {
    return this.#client.provider;
  }

  get region(): string | undefined {
    const { uri } = this.#info;
    return "region" in uri ? uri.region : undefined;
  }

  get target(): string {
    return describeUri(this.#info.uri);
  }

  /** The version that every range is read against. */
  get pin(): Pin {
    const { size, etag, version } = this.#info;
    return { size, etag, version };
  }

  locate(options: Omit<LocateOptions, "pin">): Promise<ReadSource> {
    return this.#client.locate(this.#info.uri, { ...options, pin: this.pin });
  }
}

/** One of a storage that only streams, from front to back. */
class SequentialSource extends LocatedSource {
  readonly #storage: SequentialStorage;
  readonly #object: ObjectInfo;

  constructor(storage: SequentialStorage, object: ObjectInfo, scope: string) {
    super(storage, object, scope);
    this.#storage = storage;
    this.#object = object;
  }

  read(options: Omit<LocateOptions, "pin"> & { readonly offset: number }): AsyncIterable<Uint8Array> {
    return this.#storage.read(this.#object.uri, { ...options, pin: this.pin });
  }
}
