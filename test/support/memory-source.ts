import { MemoryStorage } from "../../src/storage/providers/memory/client.ts";
import { type MemoryHook, MemoryStore } from "../../src/storage/providers/memory/memory-store.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { MemoryUri } from "../../src/uri/object-uri.ts";

export interface MemorySource {
  readonly store: MemoryStore;
  readonly client: Storage;
  readonly uri: MemoryUri;
  /** Stores an object of the bucket under its whole key. */
  put(key: string, content: string | Uint8Array): void;
  remove(key: string): void;
}

/** A bucket `b` in memory with these objects, to be delivered from the prefix. */
export function memorySource(
  objects: Readonly<Record<string, string | Uint8Array>>,
  options: {
    readonly prefix?: string;
    readonly digests?: readonly ("crc32" | "md5")[];
    readonly hook?: MemoryHook;
  } = {},
): MemorySource {
  const { digests, hook, prefix = "m" } = options;
  const store = new MemoryStore({ buckets: ["b"], digests, hook });
  const put = (key: string, content: string | Uint8Array): void => {
    store.set("b", key, typeof content === "string" ? Buffer.from(content) : content);
  };
  for (const [key, content] of Object.entries(objects)) put(key, content);
  return {
    store,
    client: new MemoryStorage(store),
    uri: { provider: "memory", bucket: "b", key: prefix },
    put,
    remove: (key) => store.remove("b", key),
  };
}
