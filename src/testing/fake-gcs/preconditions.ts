import type { StoredObject } from "./bucket.ts";
import { GcsFailure, noSuchObject } from "./gcs-failure.ts";

/** Throws where `if…GenerationMatch` and its like do not hold; `prefix` is `ifSource` for the source of a copy. */
export function checkPreconditions(
  parameters: URLSearchParams,
  object: StoredObject | undefined,
  prefix: "if" | "ifSource" = "if",
): void {
  const current = object?.generation ?? "0";
  const match = parameters.get(`${prefix}GenerationMatch`);
  const noMatch = parameters.get(`${prefix}GenerationNotMatch`);
  if ((match === null || match === current) && noMatch !== current) return;
  const message = "At least one of the pre-conditions you specified did not hold.";
  throw new GcsFailure(412, "conditionNotMet", message);
}

/** The object, if it is of the generation asked for: superseded ones are gone in a bucket without versioning. */
export function requireGeneration(
  object: StoredObject | undefined,
  generation: string | null,
  bucket: string,
  key: string,
): StoredObject {
  if (object !== undefined && (generation === null || generation === object.generation)) return object;
  throw noSuchObject(bucket, key);
}
