import type { responses } from "oci-objectstorage";
import { isStorageError } from "../../../errors.ts";
import type { OciUri } from "../../../uri/object-uri.ts";
import type { CallOptions, ObjectInfo } from "../../storage.ts";
import { digestsOf } from "./digests.ts";
import type { OciAction } from "./service-failure.ts";
import type { OciSession } from "./session.ts";

/** Describes one object with every digest that the service can tell of it. */
export async function statObject(
  session: OciSession,
  uri: OciUri,
  options: CallOptions = {},
  action: OciAction = "stat",
): Promise<ObjectInfo> {
  const head = await headObject(session, uri, options, action);
  const { contentLength: size = 0, contentEncoding, lastModified } = head;
  session.noteArchival(uri, head.archivalState);
  return {
    uri,
    key: uri.key,
    size,
    etag: head.eTag,
    version: head.versionId,
    lastModified: lastModified === undefined ? undefined : new Date(lastModified),
    contentType: head.contentType,
    contentEncoding: contentEncoding === "identity" ? undefined : contentEncoding,
    digests: digestsOf({
      size,
      md5: head.contentMd5,
      multipartMd5: head.opcMultipartMd5,
      crc32c: head.opcContentCrc32c,
      sha256: head.opcContentSha256,
      multipartSha256: head.opcMultipartSha256,
      metadata: head.opcMeta,
    }),
    digestsFinal: true,
    directoryMarker: size === 0 && uri.key.endsWith("/"),
  };
}

/** HEAD, and what it has no words for: a refused HEAD has no document, so that the same object is asked for one byte. */
async function headObject(
  session: OciSession,
  uri: OciUri,
  { signal }: CallOptions,
  action: OciAction,
): Promise<responses.HeadObjectResponse> {
  const call = { action, uri, signal } as const;
  try {
    return await session.run(call, (sdk, place) => sdk.headObject({ ...place, objectName: uri.key }));
  } catch (error) {
    const refused = isStorageError(error) && error.httpStatus !== undefined && error.httpStatus < 500;
    if (refused && error.serviceCode === undefined) await explain(session, uri, signal, action);
    throw error;
  }
}

/** Throws what the service says about the object when it may use words; returns when it serves the byte after all. */
async function explain(
  session: OciSession,
  uri: OciUri,
  signal: AbortSignal | undefined,
  action: OciAction,
): Promise<void> {
  const { Range } = await import("oci-common");
  const range = new Range(0, 0, null);
  try {
    await session.run({ action, uri, signal }, (sdk, place) => sdk.getObject({ ...place, objectName: uri.key, range }));
  } catch (error) {
    if (isStorageError(error) && error.code === "range_not_satisfiable") return;
    throw error;
  }
}
