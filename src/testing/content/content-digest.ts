import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Content } from "./content.ts";

const chunkSize = 1024 * 1024;

/** Digest of the content, or of the half-open range of it, in lower-case hexadecimal: what a test expects to find. */
export function contentDigest(
  content: Content,
  algorithm: "md5" | "sha1" | "sha256" | "crc32",
  range: { readonly start: number; readonly end: number } = { start: 0, end: content.size },
): string {
  const hash = algorithm === "crc32" ? undefined : createHash(algorithm);
  const buffer = new Uint8Array(chunkSize);
  let crc = 0;
  for (let offset = range.start; offset < range.end; offset += chunkSize) {
    const chunk = buffer.subarray(0, Math.min(chunkSize, range.end - offset));
    content.read(offset, chunk);
    if (hash === undefined) crc = crc32(chunk, crc);
    else hash.update(chunk);
  }
  return hash === undefined ? crc.toString(16).padStart(8, "0") : hash.digest("hex");
}
