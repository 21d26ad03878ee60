import type { AzureUri } from "../../../uri/object-uri.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { describeBlob } from "./describe.ts";
import { objectName } from "./object-name.ts";
import type { AzureAction } from "./service-failure.ts";
import type { AzureSession } from "./session.ts";

/** Describes one object. */
export async function statObject(
  session: AzureSession,
  uri: AzureUri,
  { signal }: CallOptions = {},
  action: AzureAction = "stat",
): Promise<ObjectInfo> {
  const name = objectName(action, uri);
  const found = await session.run({ action, uri, signal }, (container) =>
    container.getBlobClient(name).getProperties(),
  );
  return describeBlob(uri, found, found.metadata, session.rangeDigests);
}
