import { createHash } from "node:crypto";
import type { Content } from "../content/content.ts";

const chunkSize = 1024 * 1024;

/** Git's id of a blob: SHA-1 over `blob <size>\0` and the bytes. */
export function blobId(content: Content): string {
  const hash = createHash("sha1").update(`blob ${content.size}\0`);
  const buffer = new Uint8Array(Math.min(chunkSize, content.size));
  for (let offset = 0; offset < content.size; offset += chunkSize) {
    const chunk = buffer.subarray(0, Math.min(chunkSize, content.size - offset));
    content.read(offset, chunk);
    hash.update(chunk);
  }
  return hash.digest("hex");
}

/** The text that git holds in place of a file in LFS storage (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
export function lfsPointer(sha256: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
}
