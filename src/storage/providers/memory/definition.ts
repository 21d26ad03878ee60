import { defineProvider } from "../../provider-definition.ts";
import { MemoryStorage } from "./client.ts";
import { MemoryStore } from "./memory-store.ts";
import { memoryParameters } from "./parameters.ts";

/**
 * `memory://` over the given store. Without one every opened client has a store of its own, with the URI's bucket in it,
 * that lives as long as the client.
 */
export function createMemoryProvider(store?: MemoryStore) {
  return defineProvider({
    name: "memory",
    title: "In-process memory",
    uriProviders: ["memory"],
    parameters: memoryParameters,
    authType: () => "none",
    open: async ({ uri, clock }) => new MemoryStorage(store ?? new MemoryStore({ buckets: [uri.bucket], clock })),
  });
}

export const memoryProvider = createMemoryProvider();
