import { createHash } from "node:crypto";
import { parseByteRange } from "../fake-s3/byte-range.ts";
import { elementsNamed } from "../fake-s3/xml.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";
import { AzureFailure } from "./azure-failure.ts";
import type { AzureRequest } from "./azure-request.ts";
import { type Container, md5Of, plainBlob, type StoredBlob } from "./blob-store.ts";
import { crc64Of } from "./crc64.ts";
import type { FakeAzureQuirks } from "./fake-azure-options.ts";

/** Largest range whose MD5 or CRC64 the service tells. */
const rangeDigestLimit = 4 * 1024 ** 2;

export function identifyOperation({ method, blob, query, headers }: AzureRequest) {
  const component = query.get("comp");
  if (blob === "") {
    if (method === "GET" && component === "list") return "ListBlobs";
    return method === "PUT" && query.get("restype") === "container" ? "CreateContainer" : "Unknown";
  }
  if (method === "HEAD") return "GetBlobProperties";
  if (method === "GET") return "GetBlob";
  if (method === "DELETE") return "DeleteBlob";
  if (method !== "PUT") return "Unknown";
  if (component === "block") return "PutBlock";
  if (component === "blocklist") return "PutBlockList";
  if (component !== undefined) return "Unknown";
  return headers.has("x-ms-copy-source") ? "CopyBlob" : "PutBlob";
}

/** Get Blob and Get Blob Properties. */
export async function readBlob(
  request: AzureRequest,
  container: Container,
  quirks: FakeAzureQuirks,
): Promise<WebAnswer> {
  const { headers, method } = request;
  const blob = container.blob(request.blob);
  checkConditions(request, blob);
  const fields = blobHeaders(blob);
  if (method === "HEAD") return { status: 200, headers: fields, body: blob.content };
  if (blob.archived) {
    throw new AzureFailure(409, "BlobArchived", "This operation is not permitted on an archived blob.");
  }
  const text = headers.get("x-ms-range") ?? headers.get("range");
  const { content } = blob;
  // Suffix ranges are not known to the service.
  const range = /^bytes=\d+-\d*$/.test(text ?? "") ? parseByteRange(text, content.size) : undefined;
  if (range === "unsatisfiable") {
    throw new AzureFailure(416, "InvalidRange", "The range specified is invalid for the current size of the resource.");
  }
  const wantsMd5 = headers.get("x-ms-range-get-content-md5") === "true";
  const asksCrc64 = headers.get("x-ms-range-get-content-crc64") === "true";
  if (asksCrc64 && quirks.noRangeCrc64 === "refuse") {
    throw new AzureFailure(500, "FeatureNotSupported", "x-ms-range-get-content-crc64 header is not supported");
  }
  const wantsCrc64 = asksCrc64 && quirks.noRangeCrc64 === undefined;
  if (wantsMd5 && wantsCrc64) throw invalidHeader("x-ms-range-get-content-crc64");
  if (range === undefined) {
    if (wantsMd5 || wantsCrc64) throw invalidHeader("x-ms-range");
    return { status: 200, headers: fields, body: content };
  }
  const size = range.end - range.start;
  if ((wantsMd5 || wantsCrc64) && size > rangeDigestLimit) throw invalidHeader("x-ms-range");
  const part = {
    size,
    read: (offset: number, target: Uint8Array): void => content.read(range.start + offset, target),
  };
  const { "content-md5": whole, ...rest } = fields;
  return {
    status: 206,
    headers: {
      ...rest,
      ...(whole === undefined ? {} : { "x-ms-blob-content-md5": whole }),
      ...(wantsMd5 && !quirks.noRangeMd5 ? { "content-md5": md5Of(part).toString("base64") } : {}),
      ...(wantsCrc64 ? { "x-ms-content-crc64": (await crc64Of(part)).toString("base64") } : {}),
      "content-range": `bytes ${range.start}-${range.end - 1}/${content.size}`,
    },
    body: part,
  };
}

/** What the service says of a header whose value cannot be. */
function invalidHeader(name: string): AzureFailure {
  const message = "The value for one of the HTTP headers is not in the correct format.";
  return new AzureFailure(400, "InvalidHeaderValue", `${message} HeaderName: ${name}`);
}

export function putBlob(request: AzureRequest, container: Container, now: number): WebAnswer {
  const { body, headers } = request;
  checkConditions(request, container.blobs.get(request.blob));
  const md5 = checkedMd5(request);
  const stated = headers.get("x-ms-blob-content-md5");
  const stored = container.put(request.blob, {
    ...plainBlob(body, now),
    ...sharedFields(headers),
    contentMd5: stated ?? md5.toString("base64"),
  });
  return { status: 201, headers: { ...stamps(stored), "content-md5": md5.toString("base64") } };
}

export function putBlock(request: AzureRequest, container: Container): WebAnswer {
  const md5 = checkedMd5(request);
  const id = request.query.get("blockid") ?? "";
  const blocks = container.blocks.get(request.blob) ?? new Map<string, Buffer>();
  if ([...blocks.keys()].some((other) => other.length !== id.length)) {
    throw new AzureFailure(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.");
  }
  blocks.set(id, request.body);
  container.blocks.set(request.blob, blocks);
  return { status: 201, headers: { "content-md5": md5.toString("base64") } };
}

export function putBlockList(request: AzureRequest, container: Container, now: number): WebAnswer {
  checkConditions(request, container.blobs.get(request.blob));
  const blocks = container.blocks.get(request.blob);
  const pieces = elementsNamed(request.body.toString("utf8"), "Latest").map((id) => {
    const piece = blocks?.get(id);
    if (piece === undefined) throw new AzureFailure(400, "InvalidBlockList", "The specified block list is invalid.");
    return piece;
  });
  const stored = container.put(request.blob, {
    ...plainBlob(Buffer.concat(pieces), now),
    ...sharedFields(request.headers),
    // Nobody sums what came in blocks.
    contentMd5: request.headers.get("x-ms-blob-content-md5"),
  });
  return { status: 201, headers: stamps(stored) };
}

/** Throws what conditional headers demand. */
export function checkConditions({ headers, method }: AzureRequest, blob: StoredBlob | undefined): void {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== undefined && ifMatch !== "*" && ifMatch !== blob?.etag) {
    const message = "The condition specified using HTTP conditional header(s) is not met.";
    throw new AzureFailure(412, "ConditionNotMet", message);
  }
  if (headers.get("if-none-match") !== "*" || blob === undefined || method !== "PUT") return;
  throw new AzureFailure(409, "BlobAlreadyExists", "The specified blob already exists.");
}

export function stamps({ etag, lastModified }: StoredBlob): Record<string, string> {
  return { etag, "last-modified": new Date(lastModified).toUTCString() };
}

function blobHeaders(blob: StoredBlob): Record<string, string> {
  const metadata = Object.entries(blob.metadata).map(([name, value]) => [`x-ms-meta-${name}`, value]);
  return {
    ...stamps(blob),
    "content-type": blob.contentType,
    "accept-ranges": "bytes",
    "x-ms-blob-type": "BlockBlob",
    ...(blob.contentEncoding === undefined ? {} : { "content-encoding": blob.contentEncoding }),
    ...(blob.contentMd5 === undefined ? {} : { "content-md5": blob.contentMd5 }),
    ...(blob.copyStatus === undefined ? {} : { "x-ms-copy-status": blob.copyStatus }),
    ...Object.fromEntries(metadata),
  };
}

function checkedMd5({ headers, body }: AzureRequest): Buffer {
  const md5 = createHash("md5").update(body).digest();
  const stated = headers.get("content-md5");
  if (stated === undefined || md5.toString("base64") === stated) return md5;
  const message = "The MD5 value specified in the request did not match with the MD5 value calculated by the server.";
  throw new AzureFailure(400, "Md5Mismatch", message);
}

function sharedFields(headers: AzureRequest["headers"]) {
  const metadata = [...headers].flatMap(([name, value]): [string, string][] =>
    name.startsWith("x-ms-meta-") ? [[name.slice("x-ms-meta-".length), value]] : [],
  );
  return {
    contentType: headers.get("x-ms-blob-content-type") ?? headers.get("content-type") ?? "application/octet-stream",
    contentEncoding: headers.get("x-ms-blob-content-encoding"),
    metadata: Object.fromEntries(metadata),
  };
}
