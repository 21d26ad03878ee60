import type { SequentialStorage, Storage, WritableStorage } from "./storage.ts";

/** True when the engine can read the storage's objects itself, in parallel ranges: what it locates is bulk-capable. */
export function isBulkStorage(storage: Storage): boolean {
  return storage.capabilities.locates;
}

/** True when the storage cannot locate and reads by itself instead, from front to back. */
export function isSequentialStorage(storage: Storage): storage is SequentialStorage {
  return !storage.capabilities.locates && "read" in storage && typeof storage.read === "function";
}

/** True when objects can be put, copied and deleted. */
export function isWritableStorage(storage: Storage): storage is WritableStorage {
  return storage.capabilities.writes && "put" in storage && typeof storage.put === "function";
}
