import { createProviderRegistry, type ProviderRegistry } from "../../src/public/storage.ts";
import { createMemoryProvider, MemoryStore } from "../../src/testing/index.ts";

/** A registry whose `memory://models/…` holds the given texts: code under test reads it like any other storage. */
export function registryWith(files: Readonly<Record<string, string>>): ProviderRegistry {
  const store = new MemoryStore({ buckets: ["models"] });
  for (const [key, content] of Object.entries(files)) store.set("models", key, Buffer.from(content));
  return createProviderRegistry([createMemoryProvider(store)]);
}
