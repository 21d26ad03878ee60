import type { HuggingFaceUri } from "../../../uri/object-uri.ts";
import type { ObjectInfo } from "../../storage.ts";
import { digestsOf, type HubFile } from "./hub-file.ts";

/** A file of a listing as an object. The etag is what the Hub's `X-Linked-Etag` or `ETag` says of it. */
export function describeFile(
  uri: HuggingFaceUri,
  commit: string | undefined,
  file: HubFile,
  official: boolean,
): ObjectInfo {
  const { path, size, oid, sha256 } = file;
  const value = sha256 ?? oid;
  return {
    uri: { ...uri, key: path },
    key: path,
    size,
    etag: value === undefined ? undefined : `"${value}"`,
    version: commit,
    digests: digestsOf(file, official ? "stated" : "inferred"),
    // A mirror's id of a small file is checked by `stat`, which asks for the file itself.
    digestsFinal: official || sha256 !== undefined,
    directoryMarker: false,
  };
}
