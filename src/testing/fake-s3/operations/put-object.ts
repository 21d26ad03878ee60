import type { Answer } from "../answer.ts";
import type { Bucket } from "../bucket.ts";
import { opaqueEtag } from "../etag.ts";
import { checksumHeaders, encryptionHeaders, uploadAttributes, versionHeaders } from "../object-headers.ts";
import type { OperationContext } from "../operation-context.ts";
import { listsEtag } from "../preconditions.ts";
import { receiveBody } from "../receive-body.ts";
import { noSuchKey, preconditionFailed, S3Failure } from "../s3-failure.ts";

const maxKeyBytes = 1024;
const maxPutSize = 5 * 1024 ** 3;

export async function putObject(context: OperationContext): Promise<Answer> {
  const { request, now } = context;
  const bucket = context.bucket();
  checkKey(request.key);
  if (Number(request.headers.get("content-length") ?? 0) > maxPutSize) {
    throw new S3Failure(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  }
  const attributes = uploadAttributes(request.headers);
  const body = await receiveBody(context, "CRC64NVME");
  checkWriteConditions(bucket, request.key, request.headers);
  const hex = attributes.encryption === "AES256" ? body.md5.toString("hex") : opaqueEtag(body.md5);
  const checksum =
    body.checksum === undefined
      ? undefined
      : {
          algorithm: body.checksum.algorithm,
          type: "FULL_OBJECT" as const,
          value: body.checksum.value.toString("base64"),
        };
  const object = bucket.put(request.key, {
    ...attributes,
    content: body.content,
    etag: `"${hex}"`,
    lastModified: now,
    checksum,
  });
  return {
    status: 200,
    headers: {
      etag: object.etag,
      ...checksumHeaders(checksum),
      ...encryptionHeaders(object),
      ...versionHeaders(bucket, object),
    },
  };
}

/** Throws `KeyTooLongError`: keys have at most 1,024 bytes of UTF-8. */
export function checkKey(key: string): void {
  const size = Buffer.byteLength(key);
  if (size <= maxKeyBytes) return;
  throw new S3Failure(400, "KeyTooLongError", "Your key is too long", {
    fields: { Size: String(size), MaxSizeAllowed: String(maxKeyBytes) },
  });
}

/** `If-None-Match: *` creates only; `If-Match` replaces only what is known. */
export function checkWriteConditions(bucket: Bucket, key: string, headers: ReadonlyMap<string, string>): void {
  const current = bucket.current(key);
  const exists = current !== undefined && !current.deleteMarker;
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== "*") {
    throw new S3Failure(501, "NotImplemented", "A header you provided implies functionality that is not implemented", {
      fields: { Header: "If-None-Match" },
    });
  }
  if (ifNoneMatch !== undefined && exists) throw preconditionFailed("If-None-Match");
  const ifMatch = headers.get("if-match");
  if (ifMatch === undefined) return;
  if (!exists) throw noSuchKey(key);
  if (!listsEtag(ifMatch, current.etag)) throw preconditionFailed("If-Match");
}
