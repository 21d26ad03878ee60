import { type Answer, xmlAnswer } from "../answer.ts";
import { compareKeys, type StoredObject } from "../bucket.ts";
import type { OperationContext } from "../operation-context.ts";
import { invalidArgument } from "../s3-failure.ts";
import { element, optionalElement, resultDocument } from "../xml.ts";
import { owner } from "./buckets.ts";
import { type KeyPage, pageOfKeys } from "./page-of-keys.ts";

const maxKeysLimit = 1000;

interface ListRequest {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  /** As the request spells it: the answer repeats it. */
  readonly encodingType: string | undefined;
  encode(text: string): string;
}

/** ListObjects, version 2. */
export function listObjectsV2(context: OperationContext): Answer {
  const { parameters } = context.request;
  const list = readListRequest(context);
  const token = parameters.get("continuation-token");
  const startAfter = parameters.get("start-after");
  const after = token === undefined ? (startAfter ?? "") : decodeToken(token);
  const page = pageOfKeys(context.bucket().keys(), { ...list, after });
  const nextToken = page.last === undefined ? undefined : encodeToken(page.last);
  const showsNext = page.truncated || (context.quirks.echoContinuationToken && nextToken !== undefined);
  return listAnswer(context, list, page, parameters.get("fetch-owner") === "true", [
    ...optionalElement("ContinuationToken", token),
    ...(showsNext ? optionalElement("NextContinuationToken", nextToken) : []),
    element("KeyCount", page.keys.length + page.prefixes.length),
    ...optionalElement("StartAfter", startAfter === undefined ? undefined : list.encode(startAfter)),
  ]);
}

/** ListObjects, version 1. */
export function listObjects(context: OperationContext): Answer {
  const list = readListRequest(context);
  const marker = context.request.parameters.get("marker") ?? "";
  const page = pageOfKeys(context.bucket().keys(), { ...list, after: marker });
  const next = page.truncated && list.delimiter !== "" && page.last !== undefined ? list.encode(page.last) : undefined;
  return listAnswer(context, list, page, true, [
    element("Marker", list.encode(marker)),
    ...optionalElement("NextMarker", next),
  ]);
}

function readListRequest({ request, quirks }: OperationContext): ListRequest {
  const { parameters } = request;
  const maxKeys = parameters.get("max-keys") ?? String(maxKeysLimit);
  if (!/^\d{1,9}$/.test(maxKeys)) {
    throw invalidArgument("Provided max-keys not an integer or within integer range", "max-keys", maxKeys);
  }
  const encodingType = parameters.get("encoding-type");
  if (encodingType !== undefined && encodingType !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encodingType);
  }
  const blank = quirks.percentEncodedBlanks ? "%20" : "+";
  return {
    prefix: parameters.get("prefix") ?? "",
    delimiter: parameters.get("delimiter") ?? "",
    maxKeys: Math.min(Number(maxKeys), maxKeysLimit),
    encodingType,
    encode: (text) => (encodingType === undefined ? text : urlEncode(text, blank)),
  };
}

function listAnswer(
  context: OperationContext,
  list: ListRequest,
  page: KeyPage,
  withOwner: boolean,
  paging: readonly string[],
): Answer {
  const bucket = context.bucket();
  const contents = page.keys.flatMap((key) => {
    const object = bucket.current(key);
    return object === undefined ? [] : [contentsElement(list.encode(key), object, withOwner)];
  });
  const prefixes = page.prefixes.map((prefix) => element("CommonPrefixes", [element("Prefix", list.encode(prefix))]));
  return xmlAnswer(
    resultDocument("ListBucketResult", [
      element("Name", bucket.name),
      element("Prefix", list.encode(list.prefix)),
      ...optionalElement("Delimiter", list.delimiter === "" ? undefined : list.encode(list.delimiter)),
      element("MaxKeys", list.maxKeys),
      ...optionalElement("EncodingType", list.encodingType),
      element("IsTruncated", page.truncated),
      ...paging,
      ...contents,
      ...prefixes,
    ]),
    { "x-amz-bucket-region": bucket.region },
  );
}

function contentsElement(encodedKey: string, object: StoredObject, withOwner: boolean): string {
  return element("Contents", [
    element("Key", encodedKey),
    element("LastModified", new Date(object.lastModified).toISOString()),
    element("ETag", object.etag),
    ...optionalElement("ChecksumAlgorithm", object.checksum?.algorithm),
    ...optionalElement("ChecksumType", object.checksum?.type),
    element("Size", object.content.size),
    ...(withOwner ? [owner] : []),
    element("StorageClass", object.storageClass),
  ]);
}

/** Form encoding that leaves slashes alone, as S3 writes keys with `encoding-type=url`. */
function urlEncode(text: string, blank: string): string {
  return encodeURIComponent(text).replaceAll("%20", blank).replaceAll("%2F", "/");
}

const tokenMark = "1";

function encodeToken(key: string): string {
  return Buffer.from(`${tokenMark}${key}`).toString("base64");
}

function decodeToken(token: string): string {
  const text = Buffer.from(token, "base64").toString("utf8");
  if (!text.startsWith(tokenMark) || compareKeys(encodeToken(text.slice(1)), token) !== 0) {
    throw invalidArgument("The continuation token provided is incorrect", "continuation-token", token);
  }
  return text.slice(1);
}
