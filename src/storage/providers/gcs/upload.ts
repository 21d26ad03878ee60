import { randomUUID } from "node:crypto";
import { crc32c } from "@node-rs/crc32";
import type { GcsUri } from "../../../uri/object-uri.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { uploadBody } from "../../upload-body.ts";
import { describeObject } from "./object-resource.ts";
import { resumableUpload } from "./resumable-upload.ts";
import type { GcsSession } from "./session.ts";
import { checkSize, uploadCall } from "./upload-call.ts";

const mebibyte = 1024 * 1024;
/** Bodies up to this size go in one request, and larger ones in pieces of it. */
const defaultPartSize = 16 * mebibyte;
/** Pieces of resumable uploads are multiples of this. */
const grain = 256 * 1024;

/**
 * Stores an object: in one request with its CRC32C where it fits into one part, else by a resumable upload whose CRC32C is
 * compared at the end.
 */
export async function putObject(
  session: GcsSession,
  uri: GcsUri,
  body: PutBody,
  options: PutOptions = {},
): Promise<ObjectInfo> {
  const partSize = Math.max(grain, Math.floor((options.partSize ?? defaultPartSize) / grain) * grain);
  const resource = await uploadBody(body, partSize, {
    whole: (bytes) => putWhole(session, uri, bytes, options),
    parts: (pieces) => resumableUpload(session, uri, pieces, options),
  });
  const info = { ...describeObject("put", uri, resource), uri };
  session.encodings.note(uri.bucket, info);
  return info;
}

async function putWhole(
  session: GcsSession,
  uri: GcsUri,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<Readonly<Record<string, unknown>>> {
  checkSize(uri, bytes.length, options.size);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32c(bytes) >>> 0);
  const contentType = options.contentType ?? "application/octet-stream";
  const metadata = JSON.stringify({ name: uri.key, contentType, crc32c: checksum.toString("base64") });
  const boundary = `model-agent-${randomUUID()}`;
  const head = `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${metadata}\r\n--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`;
  return session.json({
    ...uploadCall(uri, options, "multipart"),
    headers: { "content-type": `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  });
}
