import { crc32 } from "node:zlib";
import type { CrcAlgorithm } from "./crc-combine.ts";

const polynomials = { crc32c: 0x82f63b78n, crc64nvme: 0x9a6c9329ac4bc9b5n } as const;

/**
 * CRC of a few bytes, without loading anything: for the concatenated binary CRCs of parts, as composite checksums have them
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html). Lower-case hexadecimal.
 */
export function concatenationCrc(algorithm: CrcAlgorithm, bytes: Uint8Array): string {
  if (algorithm === "crc32") return crc32(bytes).toString(16).padStart(8, "0");
  const digits = algorithm === "crc32c" ? 8 : 16;
  const ones = (1n << BigInt(digits * 4)) - 1n;
  let value = ones;
  for (const byte of bytes) {
    value ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ polynomials[algorithm] : value >> 1n;
  }
  return (value ^ ones).toString(16).padStart(digits, "0");
}
