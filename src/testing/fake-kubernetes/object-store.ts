import { randomUUID } from "node:crypto";

/** An object as the API has it; fields beyond metadata are the kind's own. */
export interface StoredObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

export interface StoredChange {
  readonly version: number;
  readonly collection: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
}

/** Why a write was refused, in the API's words. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Objects under one growing resourceVersion with the history of their changes, as etcd keeps it. Finalizers hold a deleted object
 * back; changes of `spec` and marks of deletion count the generation up.
 */
export class ObjectStore {
  #version = 1000;
  readonly #objects = new Map<string, Map<string, StoredObject>>();
  #history: StoredChange[] = [];
  #compacted = 0;
  readonly #listeners = new Set<() => void>();

  get version(): number {
    return this.#version;
  }

  /** Versions up to this one can no longer be watched from. */
  get compactedVersion(): number {
    return this.#compacted;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(collection: string): readonly StoredObject[] {
    return [...(this.#objects.get(collection)?.entries() ?? [])]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  get(collection: string, key: string): StoredObject | undefined {
    return this.#objects.get(collection)?.get(key);
  }

  changesAfter(version: number): readonly StoredChange[] {
    // Versions grow, and most who ask are nearly up to date.
    let first = this.#history.length;
    while ((this.#history[first - 1]?.version ?? 0) > version) first -= 1;
    return this.#history.slice(first);
  }

  /** Forgets the history, as etcd's compaction does: older watches and pages get 410. */
  compact(): void {
    this.#compacted = this.#version;
    this.#history = [];
  }

  create(collection: string, object: StoredObject): StoredObject {
    const key = keyOf(object);
    if (this.get(collection, key) !== undefined)
      throw new Refusal(409, "AlreadyExists", `"${object.metadata.name}" already exists`);
    return this.#write("ADDED", collection, key, {
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? randomUUID(),
        generation: 1,
        creationTimestamp: new Date().toISOString(),
      },
    });
  }

  /** Replaces an object; a resourceVersion in it must be the latest one. */
  replace(collection: string, object: StoredObject): StoredObject {
    const key = keyOf(object);
    const former = this.get(collection, key);
    if (former === undefined) throw new Refusal(404, "NotFound", `"${object.metadata.name}" not found`);
    const asked = object.metadata.resourceVersion;
    if (asked !== undefined && asked !== "" && asked !== former.metadata.resourceVersion) {
      throw new Refusal(
        409,
        "Conflict",
        "the object has been modified; please apply your changes to the latest version and try again",
      );
    }
    const specChanged = JSON.stringify(object["spec"]) !== JSON.stringify(former["spec"]);
    const { resourceVersion: _, ...metadata } = object.metadata;
    const next: StoredObject = {
      ...object,
      metadata: {
        ...metadata,
        ...(former.metadata.uid === undefined ? {} : { uid: former.metadata.uid }),
        ...(former.metadata.deletionTimestamp === undefined
          ? {}
          : { deletionTimestamp: former.metadata.deletionTimestamp }),
        generation: (former.metadata.generation ?? 1) + (specChanged ? 1 : 0),
      },
    };
    const released = next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0;
    if (released) return this.#drop(collection, key, next);
    return this.#write("MODIFIED", collection, key, next);
  }

  /** Deletes an object, or marks it when finalizers hold it. */
  delete(collection: string, key: string): StoredObject {
    const former = this.get(collection, key);
    if (former === undefined) throw new Refusal(404, "NotFound", `"${key}" not found`);
    if ((former.metadata.finalizers ?? []).length > 0) {
      const { metadata } = former;
      const generation = (metadata.generation ?? 1) + 1;
      const deletionTimestamp = metadata.deletionTimestamp ?? new Date().toISOString();
      return this.#write("MODIFIED", collection, key, {
        ...former,
        metadata: { ...metadata, generation, deletionTimestamp },
      });
    }
    return this.#drop(collection, key, former);
  }

  #drop(collection: string, key: string, last: StoredObject): StoredObject {
    return this.#write("DELETED", collection, key, last);
  }

  #write(type: StoredChange["type"], collection: string, key: string, object: StoredObject): StoredObject {
    this.#version += 1;
    const stored = structuredClone(object);
    stored.metadata.resourceVersion = String(this.#version);
    const objects = this.#objects.get(collection) ?? new Map<string, StoredObject>();
    this.#objects.set(collection, objects);
    if (type === "DELETED") objects.delete(key);
    else objects.set(key, stored);
    this.#history.push({ version: this.#version, collection, type, object: stored });
    for (const listener of [...this.#listeners]) listener();
    return stored;
  }
}

function keyOf({ metadata }: StoredObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
