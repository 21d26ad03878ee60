import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type Clock, systemClock } from "../../../telemetry/clock.ts";
import type { Digest } from "../../digest.ts";
import { compareKeys } from "../../key-order.ts";

/** One object of a {@link MemoryStore}. Its bytes never change: a write makes a new object. */
export interface MemoryObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly generation: string;
  readonly lastModified: Date;
  readonly contentType: string | undefined;
  readonly digests: readonly Digest[];
}

/** Called before each operation; what it throws is the operation's failure, what it awaits is its delay. */
export type MemoryHook = (call: {
  readonly operation: "list" | "stat" | "locate" | "put" | "delete" | "copy";
  readonly bucket: string;
  readonly key: string;
}) => void | Promise<void>;

export interface MemoryStoreOptions {
  /** Buckets that exist from the start. */
  readonly buckets?: readonly string[] | undefined;
  /** Which digests the store offers; `[]` makes it a source that proves nothing. Default: both. */
  readonly digests?: readonly ("crc32" | "md5")[] | undefined;
  readonly hook?: MemoryHook | undefined;
  readonly clock?: Clock | undefined;
}

/** The state behind `memory://`: several clients may share one, and it is gone with the last reference to it. */
export class MemoryStore {
  readonly offeredDigests: readonly ("crc32" | "md5")[];
  readonly hook: MemoryHook | undefined;
  readonly #buckets = new Map<string, Bucket>();
  readonly #clock: Clock;
  #generation = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.offeredDigests = options.digests ?? ["crc32", "md5"];
    this.hook = options.hook;
    this.#clock = options.clock ?? systemClock;
    for (const name of options.buckets ?? []) this.createBucket(name);
  }

  /** Creating a bucket that exists changes nothing. */
  createBucket(name: string): void {
    if (!this.#buckets.has(name)) this.#buckets.set(name, { objects: new Map(), sortedKeys: undefined });
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  get(bucket: string, key: string): MemoryObject | undefined {
    return this.#buckets.get(bucket)?.objects.get(key);
  }

  /** Stores a copy of the bytes; the bucket must exist. With `partSize` it is digested as a multipart upload is. */
  set(
    bucket: string,
    key: string,
    bytes: Uint8Array,
    options: { readonly contentType?: string | undefined; readonly partSize?: number | undefined } = {},
  ): MemoryObject {
    const entry = this.#buckets.get(bucket);
    if (entry === undefined) throw new Error(`memory bucket ${bucket} does not exist`);
    const own = Uint8Array.from(bytes);
    const md5 = md5Digest(own, options.partSize);
    this.#generation += 1;
    const object: MemoryObject = {
      bytes: own,
      etag: `"${md5.value}${md5.kind === "composite" ? `-${md5.partCount}` : ""}"`,
      generation: String(this.#generation),
      lastModified: new Date(this.#clock.now()),
      contentType: options.contentType,
      digests: this.offeredDigests.map((algorithm) => (algorithm === "md5" ? md5 : crc32Digest(own))),
    };
    if (!entry.objects.has(key)) entry.sortedKeys = undefined;
    entry.objects.set(key, object);
    return object;
  }

  remove(bucket: string, key: string): void {
    const entry = this.#buckets.get(bucket);
    if (entry?.objects.delete(key) === true) entry.sortedKeys = undefined;
  }

  /** Keys in listing order that start with `prefix` and come after `after`, at most `limit`: one page of a listing. */
  page(bucket: string, prefix: string, after: string | undefined, limit: number): readonly string[] {
    const entry = this.#buckets.get(bucket);
    if (entry === undefined) return [];
    entry.sortedKeys ??= [...entry.objects.keys()].sort(compareKeys);
    const keys: string[] = [];
    for (let index = firstAfter(entry.sortedKeys, after); index < entry.sortedKeys.length; index++) {
      const key = entry.sortedKeys[index];
      if (key === undefined || keys.length >= limit) break;
      if (key.startsWith(prefix)) keys.push(key);
      else if (compareKeys(key, prefix) > 0) break;
    }
    return keys;
  }
}

interface Bucket {
  readonly objects: Map<string, MemoryObject>;
  sortedKeys: readonly string[] | undefined;
}

function firstAfter(keys: readonly string[], after: string | undefined): number {
  if (after === undefined) return 0;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? "", after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function crc32Digest(bytes: Uint8Array): Digest {
  return { kind: "full", algorithm: "crc32", value: crc32(bytes).toString(16).padStart(8, "0"), confidence: "stated" };
}

function md5Digest(bytes: Uint8Array, partSize: number | undefined): Digest {
  if (partSize === undefined || bytes.length <= partSize) {
    const value = createHash("md5").update(bytes).digest("hex");
    return { kind: "full", algorithm: "md5", value, confidence: "stated" };
  }
  const whole = createHash("md5");
  const parts: { size: number; value: string }[] = [];
  for (let start = 0; start < bytes.length; start += partSize) {
    const part = bytes.subarray(start, start + partSize);
    const digest = createHash("md5").update(part).digest();
    whole.update(digest);
    parts.push({ size: part.length, value: digest.toString("hex") });
  }
  const value = whole.digest("hex");
  return { kind: "composite", algorithm: "md5", value, confidence: "stated", partCount: parts.length, partSize, parts };
}
