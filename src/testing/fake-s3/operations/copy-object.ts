import { type Answer, xmlAnswer } from "../answer.ts";
import { type ByteRange, parseByteRange } from "../byte-range.ts";
import { digestContent } from "../checksum.ts";
import { opaqueEtag } from "../etag.ts";
import { type FoundObject, findObject } from "../find-object.ts";
import { uploadAttributes, versionHeaders } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { checkConditions } from "../preconditions.ts";
import { invalidArgument, invalidRequest, preconditionFailed } from "../s3-failure.ts";
import { slicedContent } from "../sliced-content.ts";
import { element, optionalElement, resultDocument } from "../xml.ts";
import { checkKey } from "./put-object.ts";

export async function copyObject(context: OperationContext): Promise<Answer> {
  const { request, now } = context;
  const bucket = context.bucket();
  checkKey(request.key);
  const source = copySource(context);
  const { object } = source;
  if (object.content.size > context.maxCopySize) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${context.maxCopySize}`,
    );
  }
  const replaces = request.headers.get("x-amz-metadata-directive")?.toUpperCase() === "REPLACE";
  if (!replaces && source.bucket === bucket && bucket.current(request.key) === object) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const given = uploadAttributes(request.headers);
  const attributes = replaces ? given : { ...given, metadata: object.metadata };
  const algorithm = context.quirks.noChecksums ? undefined : (object.checksum?.algorithm ?? "CRC64NVME");
  const digests = await digestContent(object.content, algorithm === undefined ? ["MD5"] : ["MD5", algorithm]);
  const hex = attributes.encryption === "AES256" ? digests.MD5.toString("hex") : opaqueEtag(digests.MD5);
  const value = algorithm === undefined ? undefined : digests[algorithm].toString("base64");
  const copy = bucket.put(request.key, {
    ...attributes,
    content: object.content,
    etag: `"${hex}"`,
    lastModified: now,
    checksum: algorithm === undefined || value === undefined ? undefined : { algorithm, type: "FULL_OBJECT", value },
  });
  return xmlAnswer(
    resultDocument("CopyObjectResult", [
      element("LastModified", new Date(now).toISOString()),
      element("ETag", context.quirks.unquotedCopyEtag ? hex : copy.etag),
      ...optionalElement(`Checksum${algorithm ?? ""}`, value),
      ...optionalElement("ChecksumType", algorithm === undefined ? undefined : "FULL_OBJECT"),
    ]),
    versionHeaders(bucket, copy),
  );
}

/** The object that `x-amz-copy-source` names, its own conditions checked. */
export function copySource(context: OperationContext): FoundObject {
  const { headers } = context.request;
  const header = headers.get("x-amz-copy-source") ?? "";
  const invalid = () =>
    invalidArgument(
      "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey",
      "x-amz-copy-source",
      header,
    );
  const [path = "", query = ""] = header.split("?", 2);
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decode(path, invalid));
  if (match === null) throw invalid();
  const versionId = /(?:^|&)versionId=([^&]*)/.exec(query)?.[1];
  const source = findObject(context, { bucket: match[1] ?? "", key: match[2] ?? "", versionId });
  const verdict = checkConditions(
    {
      ifMatch: headers.get("x-amz-copy-source-if-match"),
      ifNoneMatch: headers.get("x-amz-copy-source-if-none-match"),
      ifModifiedSince: headers.get("x-amz-copy-source-if-modified-since"),
      ifUnmodifiedSince: headers.get("x-amz-copy-source-if-unmodified-since"),
    },
    source.object,
  );
  if (verdict !== undefined) {
    throw preconditionFailed(`x-amz-copy-source-${verdict === "not-modified" ? "If-None-Match" : verdict.failed}`);
  }
  return source;
}

/** The range of the source that an UploadPartCopy takes; the whole of it when none is named. */
export function copiedRange(context: OperationContext, source: FoundObject): ByteRange {
  const header = context.request.headers.get("x-amz-copy-source-range");
  const size = source.object.content.size;
  if (header === undefined) return { start: 0, end: size };
  const range = parseByteRange(header, size);
  const bounds = /^bytes=(\d+)-(\d+)$/.exec(header);
  if (range === undefined || range === "unsatisfiable" || bounds === null || Number(bounds[2]) >= size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${size}`,
      "x-amz-copy-source-range",
      header,
    );
  }
  return range;
}

/** The copied bytes as a content of their own. */
export function copiedContent(context: OperationContext): ReturnType<typeof slicedContent> {
  const source = copySource(context);
  const range = copiedRange(context, source);
  if (range.end - range.start > context.maxCopySize) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${context.maxCopySize}`,
    );
  }
  return slicedContent(source.object.content, range.start, range.end);
}

function decode(text: string, invalid: () => Error): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}
