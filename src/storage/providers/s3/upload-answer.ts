import { createHash } from "node:crypto";
import type { PutObjectCommandOutput } from "@aws-sdk/client-s3";
import type { StorageError } from "../../../errors.ts";
import type { S3Uri } from "../../../uri/object-uri.ts";
import type { ObjectInfo, PutOptions } from "../../storage.ts";
import { digestsOf } from "./digests.ts";
import { s3Error } from "./errors.ts";
import { quoted } from "./list.ts";
import type { S3Session } from "./session.ts";
import { statObject } from "./stat.ts";

/** The fields that let the service verify what arrives. */
export function integrityOf(
  session: S3Session,
  bytes: Uint8Array,
): { readonly ChecksumAlgorithm: "CRC32" } | { readonly ContentMD5: string } {
  if (session.settings.preset.uploadChecksum === "crc32") return { ChecksumAlgorithm: "CRC32" };
  return { ContentMD5: createHash("md5").update(bytes).digest("base64") };
}

export function wrongSize(uri: S3Uri, announced: number, found: number): StorageError {
  const context = { operation: "put", uri } as const;
  const detail = `the body has ${found} bytes where ${announced} were announced`;
  return s3Error("config_invalid", context, detail, "Announce the true size, or none.");
}

/** What the answer to an upload says about the object; a server that says too little is asked. */
export async function describeUpload(
  session: S3Session,
  uri: S3Uri,
  size: number,
  answer: Pick<
    PutObjectCommandOutput,
    "ETag" | "VersionId" | "ServerSideEncryption" | "ChecksumCRC32" | "ChecksumCRC64NVME" | "ChecksumType"
  >,
  options: Pick<PutOptions, "contentType" | "signal">,
): Promise<ObjectInfo> {
  const etag = quoted(answer.ETag);
  if (etag === undefined) return statObject(session, uri, options);
  return {
    uri,
    key: uri.key,
    size,
    etag,
    version: answer.VersionId,
    contentType: options.contentType,
    digests: digestsOf({
      size,
      etag,
      encryption: answer.ServerSideEncryption,
      checksums: { crc32: answer.ChecksumCRC32, crc64nvme: answer.ChecksumCRC64NVME },
      checksumType: answer.ChecksumType,
    }),
    digestsFinal: false,
    directoryMarker: size === 0 && uri.key.endsWith("/"),
  };
}
