import { isStorageError } from "../errors.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import type { CallOptions, Storage } from "./storage.ts";

/** Whether an object exists. Only `not_found` means no: every other failure of `stat` is thrown. */
export async function exists(storage: Storage, uri: ObjectUri, options: CallOptions = {}): Promise<boolean> {
  try {
    await storage.stat(uri, options);
    return true;
  } catch (error) {
    if (isStorageError(error) && error.code === "not_found") return false;
    throw error;
  }
}
