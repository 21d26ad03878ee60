import type { Content } from "../content/content.ts";
import type { ChecksumAlgorithm, ChecksumType } from "./checksum.ts";

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  /** As it stands in headers: base64, with `-N` behind it when composite. */
  readonly value: string;
}

export interface StoredPart {
  readonly number: number;
  readonly size: number;
  /** Base64 of the part's own checksum, when the upload named an algorithm. */
  readonly checksum?: string | undefined;
}

/** One version of an object. */
export interface StoredObject {
  readonly versionId: string;
  readonly content: Content;
  /** With its quotes. */
  readonly etag: string;
  readonly lastModified: number;
  /** Response headers that came with the upload: content type, encoding, user metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum?: StoredChecksum | undefined;
  /** Present on objects from multipart uploads. */
  readonly parts?: readonly StoredPart[] | undefined;
  readonly storageClass: string;
  readonly encryption: "AES256" | "aws:kms" | "SSE-C";
  /** Base64 MD5 of the customer's key, for SSE-C. */
  readonly customerKeyMd5?: string | undefined;
  readonly deleteMarker: boolean;
}

export type NewObject = Omit<StoredObject, "versionId" | "deleteMarker">;

/** Order of keys as S3 lists them: by their UTF-8 bytes, which is by code point and not by UTF-16 unit. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A bucket with its objects, every version of them. */
export class Bucket {
  readonly name: string;
  readonly region: string;
  readonly publicRead: boolean;
  readonly requesterPays: boolean;
  readonly createdAt: number;
  versioning: "off" | "enabled" | "suspended";
  readonly #versions = new Map<string, StoredObject[]>();
  #sortedKeys: readonly string[] | undefined;
  #lastVersion = 0;

  constructor(options: {
    readonly name: string;
    readonly region: string;
    readonly publicRead: boolean;
    readonly requesterPays: boolean;
    readonly versioning: boolean;
    readonly createdAt: number;
  }) {
    this.name = options.name;
    this.region = options.region;
    this.publicRead = options.publicRead;
    this.requesterPays = options.requesterPays;
    this.createdAt = options.createdAt;
    this.versioning = options.versioning ? "enabled" : "off";
  }

  /** The current version; a delete marker when the object was deleted in a versioned bucket. */
  current(key: string): StoredObject | undefined {
    return this.#versions.get(key)?.[0];
  }

  version(key: string, versionId: string): StoredObject | undefined {
    return this.#versions.get(key)?.find((object) => object.versionId === versionId);
  }

  /** Keys that have a current version, in listing order. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#versions.entries()]
      .filter(([, versions]) => versions[0]?.deleteMarker === false)
      .map(([key]) => key)
      .sort(compareKeys);
    return this.#sortedKeys;
  }

  get empty(): boolean {
    return this.#versions.size === 0;
  }

  put(key: string, object: NewObject): StoredObject {
    return this.#add(key, { ...object, versionId: this.#nextVersionId(), deleteMarker: false });
  }

  /** Deletes the current version, or puts a delete marker on it; gives the marker. */
  delete(key: string, now: number): StoredObject | undefined {
    if (this.versioning === "off") {
      this.#versions.delete(key);
      this.#sortedKeys = undefined;
      return undefined;
    }
    const content = { size: 0, read: () => {} };
    const versionId = this.#nextVersionId();
    const marker = { content, etag: "", lastModified: now, metadata: {}, storageClass: "STANDARD" };
    return this.#add(key, { ...marker, encryption: "AES256", versionId, deleteMarker: true });
  }

  /** Removes one version for good; gives what was removed. */
  deleteVersion(key: string, versionId: string): StoredObject | undefined {
    const versions = this.#versions.get(key) ?? [];
    const removed = versions.find((object) => object.versionId === versionId);
    const left = versions.filter((object) => object !== removed);
    if (left.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, left);
    this.#sortedKeys = undefined;
    return removed;
  }

  #add(key: string, object: StoredObject): StoredObject {
    const older = this.#versions.get(key) ?? [];
    const kept = this.versioning === "off" ? [] : older.filter((version) => version.versionId !== object.versionId);
    this.#versions.set(key, [object, ...kept]);
    if (older[0]?.deleteMarker !== object.deleteMarker) this.#sortedKeys = undefined;
    return object;
  }

  #nextVersionId(): string {
    if (this.versioning !== "enabled") return "null";
    this.#lastVersion += 1;
    return `version.${String(this.#lastVersion).padStart(8, "0")}`;
  }
}
