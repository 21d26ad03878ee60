import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32c } from "@node-rs/crc32";
import { createCRC64 } from "hash-wasm";
import type { Content } from "../content/content.ts";

/** Algorithms of `x-amz-checksum-*`, spelled as S3 does in XML. */
export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256";

export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";

export const checksumAlgorithms: readonly ChecksumAlgorithm[] = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

/** Length of the binary value, in bytes. */
export const checksumLength: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

/** Header that carries a checksum, in lower case. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

interface RunningChecksum {
  update(bytes: Uint8Array): void;
  value(): Buffer;
}

/** Reversed polynomial of CRC-64/NVME. */
const crc64NvmePolynomial = "9a6c9329ac4bc9b5";

async function startChecksum(algorithm: ChecksumAlgorithm | "MD5"): Promise<RunningChecksum> {
  if (algorithm === "CRC64NVME") {
    const hasher = await createCRC64(crc64NvmePolynomial);
    hasher.init();
    return { update: (bytes) => void hasher.update(bytes), value: () => Buffer.from(hasher.digest("hex"), "hex") };
  }
  if (algorithm === "CRC32" || algorithm === "CRC32C") {
    const step = algorithm === "CRC32" ? crc32 : crc32c;
    let state = 0;
    return {
      update: (bytes) => {
        state = step(bytes, state);
      },
      value: () => {
        const value = Buffer.alloc(4);
        value.writeUInt32BE(state >>> 0);
        return value;
      },
    };
  }
  const hash = createHash(algorithm.toLowerCase());
  return { update: (bytes) => void hash.update(bytes), value: () => hash.digest() };
}

const pieceSize = 1024 * 1024;

/** Binary digests of the content, all from one pass over it. */
export async function digestContent<Algorithm extends ChecksumAlgorithm | "MD5">(
  content: Content,
  algorithms: readonly Algorithm[],
): Promise<Readonly<Record<Algorithm, Buffer>>> {
  const running = await Promise.all(algorithms.map(startChecksum));
  const buffer = new Uint8Array(Math.min(pieceSize, content.size));
  for (let offset = 0; offset < content.size; offset += pieceSize) {
    const piece = buffer.subarray(0, Math.min(pieceSize, content.size - offset));
    content.read(offset, piece);
    for (const checksum of running) checksum.update(piece);
  }
  const values = algorithms.map((algorithm, index) => [algorithm, running[index]?.value()]);
  return Object.fromEntries(values) as Record<Algorithm, Buffer>;
}

/** Digest over the concatenated binary digests of parts: what a multipart upload leaves. */
export async function compositeDigest(
  algorithm: ChecksumAlgorithm | "MD5",
  partDigests: readonly Uint8Array[],
): Promise<Buffer> {
  const checksum = await startChecksum(algorithm);
  checksum.update(Buffer.concat(partDigests));
  return checksum.value();
}
