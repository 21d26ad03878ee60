import type { OciUri } from "../../../uri/object-uri.ts";
import type { ObjectInfo, PutOptions } from "../../storage.ts";
import { type ContentEvidence, digestsOf } from "./digests.ts";
import { ociError } from "./errors.ts";

/** What the answer to an upload says about the object. */
export function describeUpload(
  uri: OciUri,
  evidence: ContentEvidence,
  answer: { readonly eTag: string; readonly versionId: string; readonly lastModified: Date },
  { contentType }: PutOptions,
): ObjectInfo {
  const { size } = evidence;
  const modified = new Date(answer.lastModified);
  return {
    uri,
    key: uri.key,
    size,
    etag: answer.eTag,
    version: answer.versionId,
    lastModified: Number.isNaN(modified.getTime()) ? undefined : modified,
    contentType,
    digests: digestsOf(evidence),
    digestsFinal: false,
    directoryMarker: size === 0 && uri.key.endsWith("/"),
  };
}

export function wrongSize(uri: OciUri, announced: number, found: number) {
  const detail = `the body has ${found} bytes where ${announced} were announced`;
  return ociError("config_invalid", { operation: "put", uri }, detail, "Announce the true size, or none.");
}
