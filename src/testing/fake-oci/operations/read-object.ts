import type { Answer } from "../../fake-s3/answer.ts";
import { parseByteRange } from "../../fake-s3/byte-range.ts";
import { checkConditions } from "../../fake-s3/preconditions.ts";
import { slicedContent } from "../../fake-s3/sliced-content.ts";
import type { StoredObject } from "../bucket.ts";
import { OciFailure, objectNotFound } from "../oci-failure.ts";
import type { OperationContext } from "../operation-context.ts";

/** GetObject and HeadObject: the same answer, with and without the body (the server drops it for HEAD). */
export function readObject(context: OperationContext): Answer {
  const { headers, method } = context.request;
  const object = findObject(context);
  const verdict = checkConditions(
    {
      ifMatch: headers.get("if-match"),
      ifNoneMatch: headers.get("if-none-match"),
      ifModifiedSince: undefined,
      ifUnmodifiedSince: undefined,
    },
    object,
  );
  if (verdict === "not-modified") return { status: 304, headers: { etag: object.etag } };
  if (verdict !== undefined) {
    throw new OciFailure(
      412,
      "IfMatchFailed",
      `The If-Match header of the request does not match the ETag ${object.etag}`,
    );
  }
  if (method === "GET" && object.archivalState !== undefined && object.archivalState !== "Restored") {
    throw new OciFailure(409, "NotRestored", "The object has been archived and has not been restored");
  }
  const { size } = object.content;
  const range = method === "GET" ? parseByteRange(headers.get("range"), size) : undefined;
  if (range === "unsatisfiable") {
    throw new OciFailure(416, "InvalidRange", "The requested range is not satisfiable", {
      "content-range": `bytes */${size}`,
    });
  }
  if (range === undefined) return { status: 200, headers: describe(object, true), body: object.content };
  return {
    status: 206,
    headers: { ...describe(object, false), "content-range": `bytes ${range.start}-${range.end - 1}/${size}` },
    body: slicedContent(object.content, range.start, range.end),
  };
}

/** Throws `ObjectNotFound`. */
function findObject(context: OperationContext): StoredObject {
  const { request, store } = context;
  const bucket = context.bucket();
  const versionId = request.parameters.get("versionId");
  const object = versionId === undefined ? bucket.current(request.name) : bucket.version(request.name, versionId);
  if (object === undefined) throw objectNotFound(store.namespace, bucket.name, request.name);
  return object;
}

function describe(object: StoredObject, whole: boolean): Record<string, string> {
  const { checksums } = object;
  const optional: readonly (readonly [string, string | undefined])[] = [
    ["content-md5", whole ? checksums.md5 : undefined],
    ["opc-multipart-md5", checksums.multipartMd5],
    ["opc-content-crc32c", checksums.crc32c],
    ["opc-content-sha256", checksums.sha256],
    ["opc-multipart-sha256", checksums.multipartSha256],
    ["archival-state", object.archivalState],
  ];
  return {
    "content-type": "application/octet-stream",
    ...object.metadata,
    etag: object.etag,
    "last-modified": new Date(object.lastModified).toUTCString(),
    "storage-tier": object.storageTier,
    "version-id": object.versionId,
    "accept-ranges": "bytes",
    ...Object.fromEntries(optional.filter((entry): entry is [string, string] => entry[1] !== undefined)),
  };
}
