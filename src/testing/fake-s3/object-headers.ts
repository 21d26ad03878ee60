import type { Bucket, StoredObject } from "./bucket.ts";
import { type ChecksumAlgorithm, type ChecksumType, checksumHeader } from "./checksum.ts";

/** `Last-Modified` and the like: whole seconds, as HTTP has them. */
export function httpDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString();
}

/** Headers that describe an object, whatever part of it is answered. */
export function objectHeaders(bucket: Bucket, object: StoredObject): Record<string, string> {
  return {
    ...object.metadata,
    etag: object.etag,
    "last-modified": httpDate(object.lastModified),
    "accept-ranges": "bytes",
    ...encryptionHeaders(object),
    ...(object.storageClass === "STANDARD" ? {} : { "x-amz-storage-class": object.storageClass }),
    ...versionHeaders(bucket, object),
  };
}

export function versionHeaders(bucket: Bucket, object: StoredObject | undefined): Record<string, string> {
  if (object === undefined || bucket.versioning === "off") return {};
  return {
    "x-amz-version-id": object.versionId,
    ...(object.deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
  };
}

export function encryptionHeaders(object: Pick<StoredObject, "encryption" | "customerKeyMd5">): Record<string, string> {
  if (object.encryption !== "SSE-C") return { "x-amz-server-side-encryption": object.encryption };
  return {
    "x-amz-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-server-side-encryption-customer-key-MD5": object.customerKeyMd5 ?? "",
  };
}

export function checksumHeaders(
  checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType; readonly value: string } | undefined,
): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

const metadataNames = ["content-type", "cache-control", "content-disposition", "content-language", "expires"];

/** What an upload's headers leave on the object; `aws-chunked` is how it came, not what it is. */
export function uploadAttributes(
  headers: ReadonlyMap<string, string>,
): Pick<StoredObject, "metadata" | "storageClass" | "encryption" | "customerKeyMd5"> {
  const metadata: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const [name, value] of headers) {
    if (metadataNames.includes(name) || name.startsWith("x-amz-meta-")) metadata[name] = value;
  }
  const encodings = (headers.get("content-encoding") ?? "").split(",").map((encoding) => encoding.trim());
  const kept = encodings.filter((encoding) => encoding !== "" && encoding !== "aws-chunked");
  if (kept.length > 0) metadata["content-encoding"] = kept.join(",");
  const customerKeyMd5 = headers.get("x-amz-server-side-encryption-customer-key-md5");
  const kms = headers.get("x-amz-server-side-encryption")?.startsWith("aws:kms") ?? false;
  return {
    metadata,
    storageClass: headers.get("x-amz-storage-class") ?? "STANDARD",
    encryption: customerKeyMd5 !== undefined ? "SSE-C" : kms ? "aws:kms" : "AES256",
    customerKeyMd5,
  };
}
