import type { GcsUri } from "../../../uri/object-uri.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { describeObject, objectFields } from "./object-resource.ts";
import { type GcsSession, objectPath } from "./session.ts";

/** Describes one object, or one generation of it. */
export async function statObject(
  session: GcsSession,
  uri: GcsUri,
  { signal, generation }: CallOptions & { readonly generation?: string | undefined } = {},
): Promise<ObjectInfo> {
  const query = { fields: objectFields, generation };
  const resource = await session.json({ action: "stat", uri, signal, path: objectPath(uri), query });
  const info = describeObject("stat", uri, resource);
  session.encodings.note(uri.bucket, info);
  return { ...info, uri };
}
