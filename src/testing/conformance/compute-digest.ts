import { createHash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import { crc32c } from "@node-rs/crc32";
import { createCRC64 } from "hash-wasm";
import type { Digest, DigestAlgorithm } from "../../storage/digest.ts";

/** The NVMe polynomial in reflected form, as CRC-64/NVME has it. */
const crc64NvmePolynomial = "9a6c9329ac4bc9b5";

/** Digest of bytes in memory, in lower-case hexadecimal: what a storage has to have claimed. */
export async function computeDigest(algorithm: DigestAlgorithm, bytes: Uint8Array): Promise<string> {
  switch (algorithm) {
    case "crc32":
      return zlibCrc32(bytes).toString(16).padStart(8, "0");
    case "crc32c":
      return crc32c(bytes).toString(16).padStart(8, "0");
    case "crc64nvme":
      return (await createCRC64(crc64NvmePolynomial)).init().update(bytes).digest("hex");
    case "git-sha1":
      return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    default:
      return createHash(algorithm).update(bytes).digest("hex");
  }
}

/**
 * Whether a digest that a storage offers is that of the bytes. A composite one needs its part size or its parts;
 * undefined means that it tells neither and cannot be checked.
 */
export async function digestHolds(digest: Digest, bytes: Uint8Array): Promise<boolean | undefined> {
  if (digest.kind === "full") return (await computeDigest(digest.algorithm, bytes)) === digest.value;
  const sizes = digest.parts?.map((part) => part.size) ?? evenParts(bytes.length, digest.partSize);
  if (sizes === undefined) return undefined;
  if (sizes.length !== digest.partCount) return false;
  const values: Uint8Array[] = [];
  let start = 0;
  for (const [index, size] of sizes.entries()) {
    const value = await computeDigest(digest.algorithm, bytes.subarray(start, start + size));
    const claimed = digest.parts?.[index]?.value;
    if (claimed !== undefined && claimed !== value) return false;
    values.push(Buffer.from(value, "hex"));
    start += size;
  }
  return start === bytes.length && (await computeDigest(digest.algorithm, Buffer.concat(values))) === digest.value;
}

function evenParts(size: number, partSize: number | undefined): number[] | undefined {
  if (partSize === undefined || partSize <= 0) return undefined;
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => Math.min(partSize, size - index * partSize));
}
