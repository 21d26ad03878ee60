import { type Content, joinedContent } from "../content/content.ts";
import type { NewObject, StoredChecksum, StoredPart } from "./bucket.ts";
import { type ChecksumAlgorithm, type ChecksumType, compositeDigest, digestContent } from "./checksum.ts";
import { opaqueEtag } from "./etag.ts";

export interface UploadedPart {
  readonly number: number;
  readonly content: Content;
  readonly md5: Buffer;
  readonly checksum: Buffer | undefined;
  readonly lastModified: number;
}

/** An unfinished multipart upload. */
export interface MultipartUpload {
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedAt: number;
  /** What its parts are summed with; undefined on servers without checksums. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
  /** The client named the algorithm: then part checksums are kept and told. */
  readonly checksumNamed: boolean;
  readonly attributes: Pick<NewObject, "metadata" | "storageClass" | "encryption" | "customerKeyMd5">;
  readonly parts: Map<number, UploadedPart>;
}

/** The object that these parts make, in the order given. */
export async function assembleParts(
  upload: Pick<MultipartUpload, "checksum" | "checksumNamed" | "attributes">,
  parts: readonly UploadedPart[],
  options: { readonly now: number; readonly opaqueEtag: boolean },
): Promise<NewObject> {
  const content = joinedContent(parts.map((part) => part.content));
  const md5 = await compositeDigest(
    "MD5",
    parts.map((part) => part.md5),
  );
  const opaque = options.opaqueEtag || upload.attributes.encryption !== "AES256";
  const hex = opaque ? opaqueEtag(md5) : md5.toString("hex");
  return {
    ...upload.attributes,
    content,
    etag: `"${hex}-${parts.length}"`,
    lastModified: options.now,
    checksum: upload.checksum === undefined ? undefined : await assembledChecksum(upload.checksum, parts, content),
    parts: parts.map((part) => storedPart(part, upload.checksumNamed)),
  };
}

function storedPart(part: UploadedPart, told: boolean): StoredPart {
  const checksum = told ? part.checksum?.toString("base64") : undefined;
  return { number: part.number, size: part.content.size, checksum };
}

async function assembledChecksum(
  { algorithm, type }: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType },
  parts: readonly UploadedPart[],
  content: Content,
): Promise<StoredChecksum> {
  if (type === "FULL_OBJECT") {
    const digests = await digestContent(content, [algorithm]);
    return { algorithm, type, value: digests[algorithm].toString("base64") };
  }
  const values = parts.map((part) => part.checksum ?? Buffer.alloc(0));
  const composite = await compositeDigest(algorithm, values);
  return { algorithm, type, value: `${composite.toString("base64")}-${parts.length}` };
}
