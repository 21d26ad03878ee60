import type { Bucket, StoredObject } from "./bucket.ts";
import { versionHeaders } from "./object-headers.ts";
import type { OperationContext } from "./operation-context.ts";
import { invalidArgument, methodNotAllowed, noSuchKey, noSuchVersion } from "./s3-failure.ts";

export interface FoundObject {
  readonly bucket: Bucket;
  readonly object: StoredObject;
}

/** The version that a request names, or the current one. A delete marker is no object. */
export function findObject(
  context: OperationContext,
  place: { readonly bucket: string; readonly key: string; readonly versionId: string | undefined } = {
    bucket: context.request.bucket ?? "",
    key: context.request.key,
    versionId: context.request.parameters.get("versionId"),
  },
): FoundObject {
  const bucket = context.store.bucket(place.bucket);
  if (place.versionId === undefined) {
    const object = bucket.current(place.key);
    if (object === undefined || object.deleteMarker) throw noSuchKey(place.key, versionHeaders(bucket, object));
    return { bucket, object };
  }
  if (place.versionId === "") throw invalidArgument("Version id cannot be the empty string", "versionId", "");
  const object = bucket.version(place.key, place.versionId);
  if (object === undefined) throw noSuchVersion(place.key, place.versionId);
  if (object.deleteMarker) throw methodNotAllowed(context.request.method, versionHeaders(bucket, object));
  return { bucket, object };
}
