import type { Content } from "../content/content.ts";
import { compositeDigest, digestContent } from "../fake-s3/checksum.ts";
import { slicedContent } from "../fake-s3/sliced-content.ts";
import type { StoredChecksums } from "./bucket.ts";

export type ExtraChecksum = "CRC32C" | "SHA256" | undefined;

/** Checksums of an object that came in one piece. */
export async function wholeChecksums(content: Content, extra: ExtraChecksum): Promise<StoredChecksums> {
  const digests = await digestContent(content, extra === undefined ? ["MD5"] : ["MD5", extra]);
  const value = extra === undefined ? undefined : digests[extra].toString("base64");
  return {
    md5: digests.MD5.toString("base64"),
    ...(extra === "CRC32C" ? { crc32c: value } : {}),
    ...(extra === "SHA256" ? { sha256: value } : {}),
  };
}

/** Checksums of an object that came in these parts: MD5 and SHA-256 over those of the parts, CRC32C of the whole. */
export async function partChecksums(
  parts: readonly Content[],
  whole: Content,
  extra: ExtraChecksum,
): Promise<StoredChecksums> {
  const composite = async (algorithm: "MD5" | "SHA256"): Promise<string> => {
    const values: Uint8Array[] = [];
    for (const part of parts) values.push((await digestContent(part, [algorithm]))[algorithm]);
    return `${(await compositeDigest(algorithm, values)).toString("base64")}-${parts.length}`;
  };
  return {
    multipartMd5: await composite("MD5"),
    ...(extra === "CRC32C" ? { crc32c: (await digestContent(whole, ["CRC32C"])).CRC32C.toString("base64") } : {}),
    ...(extra === "SHA256" ? { multipartSha256: await composite("SHA256") } : {}),
  };
}

/** The parts of a content that is cut every `partSize` bytes. */
export function cutContent(content: Content, partSize: number): readonly Content[] {
  const count = Math.max(1, Math.ceil(content.size / partSize));
  return Array.from({ length: count }, (_, index) =>
    slicedContent(content, index * partSize, Math.min((index + 1) * partSize, content.size)),
  );
}
