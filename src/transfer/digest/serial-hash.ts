import { createHash, type Hash } from "node:crypto";
import type { DigestAlgorithm } from "../../storage/digest.ts";

/** Digests that have to see the bytes in order. */
export type SerialAlgorithm = Exclude<DigestAlgorithm, "crc32" | "crc32c" | "crc64nvme">;

/**
 * A running serial digest. `git-sha1` is the object id of a git blob: SHA-1 over `blob <size>\0` and the content
 * (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects), which is why the size has to be known beforehand.
 */
export function createSerialHash(algorithm: SerialAlgorithm, size: number): Hash {
  if (algorithm === "git-sha1") return createHash("sha1").update(`blob ${size}\0`);
  return createHash(algorithm);
}

/** True for the digests that cannot be combined from pieces. */
export function isSerial(algorithm: DigestAlgorithm): algorithm is SerialAlgorithm {
  return algorithm === "md5" || algorithm === "sha1" || algorithm === "sha256" || algorithm === "git-sha1";
}
