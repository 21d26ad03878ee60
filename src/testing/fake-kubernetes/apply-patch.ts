import { Refusal, type StoredObject } from "./object-store.ts";

type Json = Record<string, unknown>;

/** RFC 6902, the operations that clients of this project send. */
export function applyJsonPatch(object: StoredObject, patch: unknown): StoredObject {
  const result = structuredClone(object) as unknown as Json;
  if (!Array.isArray(patch)) throw new Refusal(400, "BadRequest", "a JSON patch is an array");
  for (const operation of patch as { op: string; path: string; value?: unknown }[]) {
    const segments = operation.path
      .split("/")
      .slice(1)
      .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = segments.pop();
    let parent: unknown = result;
    for (const segment of segments) parent = (parent as Json | undefined)?.[segment];
    if (last === undefined || typeof parent !== "object" || parent === null) {
      throw new Refusal(422, "Invalid", `the path ${operation.path} does not exist`);
    }
    const target = parent as Json;
    if (operation.op === "add" || operation.op === "replace") target[last] = operation.value;
    else if (operation.op === "test") {
      // The API server takes a member that is not there for null.
      if (JSON.stringify(target[last] ?? null) !== JSON.stringify(operation.value))
        throw new Refusal(422, "Invalid", "test failed");
    } else if (operation.op === "remove") {
      if (!(last in target)) throw new Refusal(422, "Invalid", `the path ${operation.path} does not exist`);
      delete target[last];
    } else throw new Refusal(400, "BadRequest", `unknown operation ${operation.op}`);
  }
  return result as unknown as StoredObject;
}

/** RFC 7386. */
export function applyMergePatch(object: StoredObject, patch: unknown): StoredObject {
  return merge(structuredClone(object), patch) as StoredObject;
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof target === "object" && target !== null && !Array.isArray(target) ? (target as Json) : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merge(result[name], value);
  }
  return result;
}
