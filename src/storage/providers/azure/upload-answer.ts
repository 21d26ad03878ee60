import type { StorageError } from "../../../errors.ts";
import type { AzureUri } from "../../../uri/object-uri.ts";
import type { ObjectInfo } from "../../storage.ts";
import { type BlobProperties, describeBlob } from "./describe.ts";
import { azureError } from "./errors.ts";

/** What the answer to an upload says about the object. */
export function describeUpload(uri: AzureUri, answer: BlobProperties): ObjectInfo {
  return { ...describeBlob(uri, answer, undefined, []), digestsFinal: false };
}

export function wrongSize(uri: AzureUri, announced: number, found: number): StorageError {
  const detail = `the body has ${found} bytes where ${announced} were announced`;
  return azureError("config_invalid", { operation: "put", uri }, detail, "Announce the true size, or none.");
}
