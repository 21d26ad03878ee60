import { crc32c } from "@node-rs/crc32";

/** CRC32C of bytes as `opc-content-crc32c` has it: base64 of its four bytes, most significant first. */
export function crc32cOf(bytes: Uint8Array): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32c(bytes));
  return value.toString("base64");
}
