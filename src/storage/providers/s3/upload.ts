import { PutObjectCommand } from "@aws-sdk/client-s3";
import { isStorageError } from "../../../errors.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import { choosePartSize, type PartLimits } from "../../choose-part-size.ts";
import type { ObjectInfo, PutBody, PutOptions } from "../../storage.ts";
import { uploadBody } from "../../upload-body.ts";
import { s3Error } from "./errors.ts";
import { multipartUpload } from "./multipart-upload.ts";
import type { S3Session } from "./session.ts";
import { statObject } from "./stat.ts";
import { describeUpload, integrityOf, wrongSize } from "./upload-answer.ts";

const limits: PartLimits = {
  maxParts: 10_000,
  minSize: 5 * 1024 ** 2,
  maxSize: 5 * 1024 ** 3,
  range: "5 MiB to 5 GiB",
  name: "parts",
};

/** Stores a body: in one request when it fits into a part, else in parts. */
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
  const partSize = partSizeFor(uri, size, options.partSize);
  await refuseExisting(session, uri, options);
  return uploadBody(body, partSize, {
    whole: (bytes) => {
      if (options.size !== undefined && bytes.length !== options.size) throw wrongSize(uri, options.size, bytes.length);
      return putWhole(session, uri, bytes, options);
    },
    parts: (pieces) => multipartUpload(session, uri, pieces, options),
  });
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

/** Throws `config_invalid` for a part size that the service does not take. */
function partSizeFor(uri: S3Uri, size: number | undefined, wanted: number | undefined): number {
  const chosen = choosePartSize(size, wanted, limits);
  if (typeof chosen === "number") return chosen;
  throw s3Error("config_invalid", { operation: "put", uri }, chosen.detail, chosen.hint);
}
