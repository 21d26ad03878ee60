import type { OciUri } from "../../../uri/object-uri.ts";
import { cutBody } from "../../cut-body.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { crc32cOf } from "./crc32c.ts";
import { ociError } from "./errors.ts";
import { multipartUpload } from "./multipart-upload.ts";
import type { OciSession } from "./session.ts";
import { describeUpload, wrongSize } from "./upload-answer.ts";

const mebibyte = 1024 ** 2;
const defaultPartSize = 16 * mebibyte;
/** The service's own limits. */
const maxParts = 10_000;
const minPartSize = 10 * mebibyte;
const maxPartSize = 50 * 1024 * mebibyte;

/**
 * Stores a body: in one request when it fits into a part, else in parts. A stream is held in memory part by part, so that
 * every request can be sent again and is summed before it goes.
 */
export async function putObject(
  session: OciSession,
  uri: OciUri,
  body: PutBody,
  options: PutOptions = {},
): Promise<ObjectInfo> {
  const context = { operation: "put", uri } as const;
  if (uri.key === "") throw ociError("config_invalid", context, "the object has no name", "Give a name in the URI.");
  const size = body instanceof Uint8Array ? body.length : options.size;
  if (options.size !== undefined && size !== options.size) throw wrongSize(uri, options.size, size ?? 0);
  const partSize = choosePartSize(uri, size, options.partSize);
  const pieces = cutBody(body, partSize)[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    const second = first.done === true ? first : await pieces.next();
    if (second.done === true) {
      const bytes = first.done === true ? new Uint8Array(0) : first.value;
      if (options.size !== undefined && bytes.length !== options.size) throw wrongSize(uri, options.size, bytes.length);
      return await putWhole(session, uri, bytes, options);
    }
    return await multipartUpload(session, uri, allOf(first.value as Uint8Array, second.value, pieces), options);
  } finally {
    await pieces.return?.(undefined);
  }
}

async function* allOf(
  first: Uint8Array,
  second: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield second;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function putWhole(session: OciSession, uri: OciUri, bytes: Uint8Array, options: PutOptions): Promise<ObjectInfo> {
  const conditional = options.ifNoneMatch === true;
  const call = { action: "put", uri, signal: options.signal, onlyAnswered: conditional } as const;
  const answer = await session.run(call, (sdk, place) =>
    sdk.putObject({
      ...place,
      objectName: uri.key,
      contentLength: bytes.length,
      putObjectBody: bytes as never,
      opcChecksumAlgorithm: "CRC32C" as never,
      opcContentCrc32c: crc32cOf(bytes),
      ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
      ...(conditional ? { ifNoneMatch: "*" } : {}),
    }),
  );
  const { eTag, versionId, lastModified, opcContentMd5, opcContentCrc32c } = answer;
  const evidence = { size: bytes.length, md5: opcContentMd5, crc32c: opcContentCrc32c };
  return describeUpload(uri, evidence, { eTag, versionId, lastModified }, options);
}

/** The part size asked for, or one that makes at most 10,000 parts of the body. */
function choosePartSize(uri: OciUri, size: number | undefined, wanted: number | undefined): number {
  const needed = Math.ceil((size ?? 0) / maxParts);
  const partSize = wanted ?? Math.max(defaultPartSize, Math.ceil(needed / mebibyte) * mebibyte);
  const context = { operation: "put", uri } as const;
  const single = size !== undefined && size <= partSize;
  if (!Number.isInteger(partSize) || partSize > maxPartSize || (partSize < minPartSize && !single)) {
    const detail = `a part size of ${partSize} bytes is not possible`;
    throw ociError("config_invalid", context, detail, "Choose a part size from 10 MiB to 50 GiB.");
  }
  if (needed > partSize) {
    const detail = `${size} bytes in parts of ${partSize} make more than ${maxParts} parts`;
    throw ociError("config_invalid", context, detail, `Choose a part size of at least ${needed} bytes, or none.`);
  }
  return partSize;
}
