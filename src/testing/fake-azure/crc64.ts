import { createCRC64 } from "hash-wasm";
import type { Content } from "../content/content.ts";

/** Reversed polynomial of CRC-64/NVME, which is the service's CRC64. */
const polynomial = "9a6c9329ac4bc9b5";

/** The CRC64 of content as the service tells it: its least significant byte first. */
export async function crc64Of(content: Content): Promise<Buffer> {
  const bytes = Buffer.alloc(content.size);
  content.read(0, bytes);
  const hasher = await createCRC64(polynomial);
  return Buffer.from(hasher.init().update(bytes).digest("hex"), "hex").reverse();
}
