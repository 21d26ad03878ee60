import type { ModelDirectory } from "../../../src/models/model-directory.ts";

/** A model directory of texts and bytes. */
export function memoryDirectory(contents: Readonly<Record<string, string | Uint8Array | object>>): ModelDirectory {
  const files = new Map(
    Object.entries(contents).map(([path, content]) => [
      path,
      content instanceof Uint8Array
        ? content
        : Buffer.from(typeof content === "string" ? content : JSON.stringify(content)),
    ]),
  );
  return {
    list: async () => [...files].map(([path, bytes]) => ({ path, size: bytes.length })),
    read: async (path, offset, length) => (files.get(path) ?? Buffer.alloc(0)).subarray(offset, offset + length),
  };
}

/** The beginning of a safetensors file: its header, and no data. */
export function safetensorsHeader(tensors: Readonly<Record<string, readonly number[]>>): Uint8Array {
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { format: "pt" },
      ...Object.fromEntries(
        Object.entries(tensors).map(([name, shape]) => [name, { dtype: "BF16", shape, data_offsets: [0, 0] }]),
      ),
    }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}
