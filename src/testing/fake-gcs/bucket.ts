import type { Content } from "../content/content.ts";
import { compareKeys } from "../fake-s3/bucket.ts";
import type { FakeGcsBucketOptions } from "./fake-gcs-options.ts";

/** One generation of an object. */
export interface StoredObject {
  readonly key: string;
  readonly generation: string;
  readonly content: Content;
  /** Base64. */
  readonly crc32c: string;
  /** Base64; objects composed of others have none. */
  readonly md5: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  /** Epoch milliseconds. */
  readonly updated: number;
}

export type NewObject = Omit<StoredObject, "generation">;

/** A bucket with the live generation of its objects. */
export class Bucket {
  readonly options: FakeGcsBucketOptions;
  readonly #objects = new Map<string, StoredObject>();
  #sortedKeys: readonly string[] | undefined;
  #lastGeneration = 1_700_000_000_000_000;

  constructor(options: FakeGcsBucketOptions) {
    this.options = options;
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** In listing order: UTF-8 bytes. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#objects.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  put(object: NewObject): StoredObject {
    this.#lastGeneration += 1;
    const stored = { ...object, generation: String(this.#lastGeneration) };
    if (!this.#objects.has(object.key)) this.#sortedKeys = undefined;
    this.#objects.set(object.key, stored);
    return stored;
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sortedKeys = undefined;
  }
}
