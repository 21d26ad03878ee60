export { MemoryStorage } from "../storage/providers/memory/client.ts";
export { createMemoryProvider } from "../storage/providers/memory/definition.ts";
export {
  type MemoryHook,
  type MemoryObject,
  MemoryStore,
  type MemoryStoreOptions,
} from "../storage/providers/memory/memory-store.ts";
export * from "./conformance/index.ts";
export * from "./content/index.ts";
export * from "./fake-azure/index.ts";
export * from "./fake-gcs/index.ts";
export * from "./fake-github/index.ts";
export * from "./fake-hub/index.ts";
export * from "./fake-oci/index.ts";
export * from "./fake-s3/index.ts";
export * from "./fault-server/index.ts";
