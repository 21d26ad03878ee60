import type { Content } from "../content/content.ts";
import type { NewObject } from "./bucket.ts";
import { type ChecksumAlgorithm, type ChecksumType, digestContent } from "./checksum.ts";
import { opaqueEtag } from "./etag.ts";
import type { SeedOptions } from "./fake-s3-options.ts";
import { assembleParts, type UploadedPart } from "./multipart-upload.ts";
import { slicedContent } from "./sliced-content.ts";

/** An object as an upload with these options would have left it. Reads the content for its digests. */
export async function seededObject(content: Content, options: SeedOptions, now: number): Promise<NewObject> {
  const lastModified = options.lastModified ?? now;
  const attributes: Pick<NewObject, "metadata" | "storageClass" | "encryption"> = {
    metadata: {
      "content-type": options.contentType ?? "binary/octet-stream",
      ...(options.contentEncoding === undefined ? {} : { "content-encoding": options.contentEncoding }),
    },
    storageClass: options.storageClass ?? "STANDARD",
    encryption: options.encryption ?? "AES256",
  };
  const algorithm = options.checksum === "none" ? undefined : (options.checksum ?? "CRC64NVME");
  const opaque = options.etag === "opaque" || attributes.encryption === "aws:kms";
  if (options.partSize !== undefined) {
    const checksum =
      algorithm === undefined ? undefined : { algorithm, type: options.checksumType ?? defaultType(algorithm) };
    const upload = { attributes, checksum, checksumNamed: options.checksum !== undefined };
    const parts = await cutParts(content, options.partSize, algorithm);
    return assembleParts(upload, parts, { now: lastModified, opaqueEtag: opaque });
  }
  const digests = await digestContent(content, algorithm === undefined ? ["MD5"] : ["MD5", algorithm]);
  const hex = opaque ? opaqueEtag(digests.MD5) : digests.MD5.toString("hex");
  return {
    ...attributes,
    content,
    etag: `"${hex}"`,
    lastModified,
    checksum:
      algorithm === undefined
        ? undefined
        : { algorithm, type: "FULL_OBJECT", value: digests[algorithm].toString("base64") },
  };
}

/** What S3 assumes for a multipart upload that names only the algorithm. */
export function defaultType(algorithm: ChecksumAlgorithm): ChecksumType {
  return algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
}

async function cutParts(
  content: Content,
  partSize: number,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<readonly UploadedPart[]> {
  const count = Math.max(1, Math.ceil(content.size / partSize));
  const parts: UploadedPart[] = [];
  for (let index = 0; index < count; index++) {
    const part = slicedContent(content, index * partSize, Math.min((index + 1) * partSize, content.size));
    const digests = await digestContent(part, algorithm === undefined ? ["MD5"] : ["MD5", algorithm]);
    const checksum = algorithm === undefined ? undefined : digests[algorithm];
    parts.push({ number: index + 1, content: part, md5: digests.MD5, checksum, lastModified: 0 });
  }
  return parts;
}
