import { PutObjectCommand } from "@aws-sdk/client-s3";
import { isStorageError } from "../../../errors.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import { cutBody } from "../../cut-body.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { s3Error } from "./errors.ts";
import { multipartUpload } from "./multipart-upload.ts";
import type { S3Session } from "./session.ts";
import { statObject } from "./stat.ts";
import { describeUpload, integrityOf, wrongSize } from "./upload-answer.ts";

const mebibyte = 1024 ** 2;
const defaultPartSize = 16 * mebibyte;
/** S3's own limits. */
const maxParts = 10_000;
const minPartSize = 5 * mebibyte;
const maxPartSize = 5 * 1024 * mebibyte;

/**
 * Stores a body: in one request when it fits into a part, else in parts. A stream is held in memory part by part, so that
 * every request can be sent again and is summed before it goes.
 */
export async function putObject(
  session: S3Session,
  uri: S3Uri,
  body: PutBody,
  options: PutOptions = {},
): Promise<ObjectInfo> {
  const context = { operation: "put", uri } as const;
  if (uri.key === "") throw s3Error("config_invalid", context, "the object has no name", "Give a key in the URI.");
  const size = body instanceof Uint8Array ? body.length : options.size;
  if (options.size !== undefined && size !== options.size) throw wrongSize(uri, options.size, size ?? 0);
  const partSize = choosePartSize(uri, size, options.partSize);
  await refuseExisting(session, uri, options);
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

async function putWhole(session: S3Session, uri: S3Uri, bytes: Uint8Array, options: PutOptions): Promise<ObjectInfo> {
  const conditional = options.ifNoneMatch === true && session.settings.preset.conditionalWrites;
  const call = { action: "put", uri, signal: options.signal, onlyAnswered: conditional } as const;
  const answer = await session.run(call, (sdk, sendOptions) =>
    sdk.send(
      new PutObjectCommand({
        Bucket: uri.bucket,
        Key: uri.key,
        Body: bytes,
        ContentLength: bytes.length,
        ...(options.contentType === undefined ? {} : { ContentType: options.contentType }),
        ...(conditional ? { IfNoneMatch: "*" } : {}),
        ...(session.settings.requesterPays ? { RequestPayer: "requester" } : {}),
        ...integrityOf(session, bytes),
      }),
      sendOptions,
    ),
  );
  return describeUpload(session, uri, bytes.length, answer, options);
}

/** Where the service does not heed the condition, the object is looked for beforehand; a race stays possible. */
async function refuseExisting(session: S3Session, uri: S3Uri, options: PutOptions): Promise<void> {
  if (options.ifNoneMatch !== true || session.settings.preset.conditionalWrites) return;
  try {
    await statObject(session, uri, options);
  } catch (error) {
    if (isStorageError(error) && error.code === "not_found") return;
    throw error;
  }
  const context = { operation: "put", uri } as const;
  throw s3Error("precondition_failed", context, "the object exists already", "Delete it first, or allow overwriting.");
}

/** The part size asked for, or one that makes at most 10,000 parts of the body. */
function choosePartSize(uri: S3Uri, size: number | undefined, wanted: number | undefined): number {
  const needed = Math.ceil((size ?? 0) / maxParts);
  const partSize = wanted ?? Math.max(defaultPartSize, Math.ceil(needed / mebibyte) * mebibyte);
  const context = { operation: "put", uri } as const;
  const single = size !== undefined && size <= partSize;
  if (!Number.isInteger(partSize) || partSize > maxPartSize || (partSize < minPartSize && !single)) {
    const detail = `a part size of ${partSize} bytes is not possible`;
    throw s3Error("config_invalid", context, detail, "Choose a part size from 5 MiB to 5 GiB.");
  }
  if (needed > partSize) {
    const detail = `${size} bytes in parts of ${partSize} make more than ${maxParts} parts`;
    throw s3Error("config_invalid", context, detail, `Choose a part size of at least ${needed} bytes, or none.`);
  }
  return partSize;
}
