import type { Content } from "../content/content.ts";
import { compareKeys } from "../fake-s3/bucket.ts";

/** Checksums as they stand in headers: base64, with `-N` behind composite ones. */
export interface StoredChecksums {
  /** Of an object that came in one piece. */
  readonly md5?: string | undefined;
  /** Of an object that came in parts: over the binary digests of its parts. */
  readonly multipartMd5?: string | undefined;
  readonly crc32c?: string | undefined;
  readonly sha256?: string | undefined;
  readonly multipartSha256?: string | undefined;
}

/** One version of an object. */
export interface StoredObject {
  readonly versionId: string;
  readonly content: Content;
  /** Opaque, without quotes. */
  readonly etag: string;
  readonly checksums: StoredChecksums;
  readonly lastModified: number;
  /** Response headers that came with the upload: content type, encoding, user metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageTier: "Standard" | "InfrequentAccess" | "Archive";
  readonly archivalState?: "Archived" | "Restoring" | "Restored" | undefined;
}

export type NewObject = Omit<StoredObject, "versionId" | "etag">;

/** A bucket with its objects, every version of them when it keeps versions. */
export class Bucket {
  readonly name: string;
  readonly versioning: boolean;
  readonly publicRead: boolean;
  readonly #versions = new Map<string, StoredObject[]>();
  #sortedKeys: readonly string[] | undefined;

  constructor(options: { readonly name: string; readonly versioning: boolean; readonly publicRead: boolean }) {
    this.name = options.name;
    this.versioning = options.versioning;
    this.publicRead = options.publicRead;
  }

  current(key: string): StoredObject | undefined {
    return this.#versions.get(key)?.[0];
  }

  version(key: string, versionId: string): StoredObject | undefined {
    return this.#versions.get(key)?.find((object) => object.versionId === versionId);
  }

  /** Keys in listing order. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#versions.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  put(key: string, object: NewObject): StoredObject {
    const stored: StoredObject = { ...object, versionId: crypto.randomUUID(), etag: crypto.randomUUID() };
    this.#replace(key, stored, this.versioning ? (this.#versions.get(key) ?? []) : []);
    return stored;
  }

  /** Changes the current version in place: another tier, another state. */
  update(key: string, changes: Partial<StoredObject>): void {
    const [current, ...older] = this.#versions.get(key) ?? [];
    if (current === undefined) throw new RangeError(`there is no object ${key}`);
    this.#replace(key, { ...current, ...changes }, older);
  }

  /** False when there was none. */
  delete(key: string): boolean {
    this.#sortedKeys = undefined;
    return this.#versions.delete(key);
  }

  #replace(key: string, object: StoredObject, older: readonly StoredObject[]): void {
    if (!this.#versions.has(key)) this.#sortedKeys = undefined;
    this.#versions.set(key, [object, ...older]);
  }
}
