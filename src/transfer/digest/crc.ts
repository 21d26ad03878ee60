import { crc32 as zlibCrc32 } from "node:zlib";
import { crcByKernel } from "./crc-by-kernel.ts";
import type { CrcAlgorithm } from "./crc-combine.ts";
import type { CrcFactory } from "./running-crc.ts";

export type { Crc } from "./running-crc.ts";

function fromFunction(step: (bytes: Uint8Array, previous: number) => number): CrcFactory {
  return () => {
    let value = 0;
    return {
      update: (bytes) => {
        value = step(bytes, value);
      },
      take: () => {
        const text = (value >>> 0).toString(16).padStart(8, "0");
        value = 0;
        return text;
      },
    };
  };
}

/** The fastest implementation that runs here: native where its prebuilt package exists, otherwise zlib or WebAssembly. */
export async function loadCrc(algorithm: CrcAlgorithm): Promise<CrcFactory> {
  if (algorithm === "crc64nvme") return crcByKernel(algorithm);
  try {
    const native = await import("@node-rs/crc32");
    return fromFunction(algorithm === "crc32" ? native.crc32 : native.crc32c);
  } catch {
    return algorithm === "crc32" ? fromFunction(zlibCrc32) : crcByKernel(algorithm);
  }
}
