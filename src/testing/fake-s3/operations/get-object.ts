import type { Answer } from "../answer.ts";
import type { StoredObject } from "../bucket.ts";
import { type ByteRange, parseByteRange } from "../byte-range.ts";
import { checksumHeader } from "../checksum.ts";
import { findObject } from "../find-object.ts";
import { checksumHeaders, httpDate, objectHeaders } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { checkConditions } from "../preconditions.ts";
import { invalidRequest, preconditionFailed, S3Failure } from "../s3-failure.ts";
import { slicedContent } from "../sliced-content.ts";

interface Selection {
  readonly range: ByteRange;
  readonly status: 200 | 206;
  /** Present when a part was asked for by number. */
  readonly partNumber?: number | undefined;
}

/** GetObject and HeadObject: the same answer, with and without the body (the server drops it for HEAD). */
export function getObject(context: OperationContext): Answer {
  const { bucket, object } = findObject(context);
  const { headers, parameters } = context.request;
  checkCustomerKey(object, headers);
  const verdict = checkConditions(
    {
      ifMatch: headers.get("if-match"),
      ifNoneMatch: headers.get("if-none-match"),
      ifModifiedSince: headers.get("if-modified-since"),
      ifUnmodifiedSince: headers.get("if-unmodified-since"),
    },
    object,
  );
  if (verdict === "not-modified") {
    return { status: 304, headers: { etag: object.etag, "last-modified": httpDate(object.lastModified) } };
  }
  if (verdict !== undefined) throw preconditionFailed(verdict.failed);
  if (context.request.method === "GET") checkReadable(object);
  const selection = select(context, object);
  const size = object.content.size;
  const { start, end } = selection.range;
  return {
    status: selection.status,
    headers: {
      ...objectHeaders(bucket, object),
      ...overrides(parameters),
      ...(selection.status === 206 ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {}),
      ...(selection.partNumber === undefined || object.parts === undefined
        ? {}
        : { "x-amz-mp-parts-count": String(object.parts.length) }),
      ...(wantsChecksums(context) ? selectedChecksum(object, selection) : {}),
      ...(bucket.requesterPays ? { "x-amz-request-charged": "requester" } : {}),
    },
    body: slicedContent(object.content, start, end),
  };
}

function select(context: OperationContext, object: StoredObject): Selection {
  const { headers, parameters } = context.request;
  const size = object.content.size;
  const rangeHeader = headers.get("range");
  const partText = parameters.get("partNumber");
  if (partText !== undefined && !context.quirks.ignorePartNumber) {
    if (rangeHeader !== undefined)
      throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
    return selectPart(object, Number(partText));
  }
  const range = parseByteRange(rangeHeader, size);
  if (range === "unsatisfiable") {
    throw new S3Failure(416, "InvalidRange", "The requested range is not satisfiable", {
      fields: { RangeRequested: rangeHeader ?? "", ActualObjectSize: String(size) },
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return range === undefined ? { range: { start: 0, end: size }, status: 200 } : { range, status: 206 };
}

function selectPart(object: StoredObject, partNumber: number): Selection {
  const parts = object.parts ?? [{ number: 1, size: object.content.size }];
  const index = parts.findIndex((part) => part.number === partNumber);
  const part = parts[index];
  if (part === undefined) {
    throw new S3Failure(416, "InvalidPartNumber", "The requested partnumber is not satisfiable", {
      fields: { PartNumberRequested: String(partNumber), ActualPartCount: String(parts.length) },
    });
  }
  const start = parts.slice(0, index).reduce((sum, before) => sum + before.size, 0);
  const range = { start, end: start + part.size };
  return part.size === 0 ? { range, status: 200, partNumber } : { range, status: 206, partNumber };
}

function wantsChecksums(context: OperationContext): boolean {
  const mode =
    context.request.headers.get("x-amz-checksum-mode") ?? context.request.parameters.get("x-amz-checksum-mode");
  return mode?.toUpperCase() === "ENABLED" && !context.quirks.noChecksums;
}

/** A checksum is only told for bytes that it covers: the whole object, or exactly one part. */
function selectedChecksum(object: StoredObject, selection: Selection): Record<string, string> {
  if (object.checksum === undefined) return {};
  if (selection.partNumber !== undefined && object.parts !== undefined) {
    const value = object.parts.find((part) => part.number === selection.partNumber)?.checksum;
    if (value === undefined) return {};
    return { [checksumHeader(object.checksum.algorithm)]: value, "x-amz-checksum-type": object.checksum.type };
  }
  return selection.status === 200 ? checksumHeaders(object.checksum) : {};
}

function overrides(parameters: ReadonlyMap<string, string>): Record<string, string> {
  const names = [
    "content-type",
    "content-language",
    "expires",
    "cache-control",
    "content-disposition",
    "content-encoding",
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = parameters.get(`response-${name}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function checkCustomerKey(object: StoredObject, headers: ReadonlyMap<string, string>): void {
  if (object.encryption !== "SSE-C") return;
  const given = headers.get("x-amz-server-side-encryption-customer-key-md5");
  if (given === undefined) {
    throw invalidRequest(
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    );
  }
  if (given !== object.customerKeyMd5) {
    throw new S3Failure(
      403,
      "AccessDenied",
      "The calculated MD5 hash of the key did not match the hash that was provided.",
    );
  }
}

function checkReadable(object: StoredObject): void {
  if (object.storageClass !== "GLACIER" && object.storageClass !== "DEEP_ARCHIVE") return;
  throw new S3Failure(403, "InvalidObjectState", "The operation is not valid for the object's storage class", {
    fields: { StorageClass: object.storageClass },
  });
}
