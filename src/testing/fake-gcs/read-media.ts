import { gunzipSync } from "node:zlib";
import { bytesContent, type Content } from "../content/content.ts";
import { rangeAnswer } from "../loopback/range-answer.ts";
import type { WebAnswer } from "../loopback/web-answer.ts";
import type { StoredObject } from "./bucket.ts";
import type { GcsRequest } from "./gcs-request.ts";
import { etagOf } from "./object-resource.ts";

/**
 * The bytes of an object. One that is stored as gzip is unpacked for who does not accept gzip: then neither ranges nor lengths
 * are those of the answer (https://cloud.google.com/storage/docs/transcoding).
 */
export function readMedia({ headers }: GcsRequest, object: StoredObject): WebAnswer {
  const { content, contentEncoding } = object;
  const hashes = [`crc32c=${object.crc32c}`, ...(object.md5 === undefined ? [] : [`md5=${object.md5}`])];
  const common = {
    "content-type": object.contentType ?? "application/octet-stream",
    etag: etagOf(object),
    "last-modified": new Date(object.updated).toUTCString(),
    "x-goog-generation": object.generation,
    "x-goog-metageneration": "1",
    "x-goog-hash": hashes.join(","),
    "x-goog-stored-content-encoding": contentEncoding ?? "identity",
    "x-goog-stored-content-length": String(content.size),
  };
  const acceptsGzip = /\bgzip\b/i.test(headers["accept-encoding"] ?? "");
  if (contentEncoding === "gzip" && !acceptsGzip) {
    const unpacked = bytesContent(gunzipSync(wholeBytes(content)));
    const warning = { warning: "214 UploadServer gunzipped" };
    return { status: 200, headers: { ...common, ...warning }, body: unpacked, lengthless: true };
  }
  const encoding = contentEncoding === undefined ? {} : { "content-encoding": contentEncoding };
  return rangeAnswer(content, headers["range"], { ...common, ...encoding });
}

function wholeBytes(content: Content): Buffer {
  const bytes = Buffer.alloc(content.size);
  content.read(0, bytes);
  return bytes;
}
