import { crcPolynomial, crcShift, shiftCrc } from "./crc-combine.ts";
import { kernelLayout, loadCrcKernel } from "./crc-kernel.ts";
import type { CrcFactory } from "./running-crc.ts";

/** Bytes that each of the two registers advances over at once. */
const half = 64 * 1024;

/** Eight tables of 256 entries of 64 bits as pairs of 32-bit words, low word first. */
function fillTables(words: Uint32Array, [high, low]: readonly [number, number]): void {
  for (let index = 0; index < 256; index += 1) {
    let valueHigh = 0;
    let valueLow = index;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = valueLow & 1;
      valueLow = (valueLow >>> 1) | (valueHigh << 31);
      valueHigh >>>= 1;
      if (carry) {
        valueHigh ^= high;
        valueLow ^= low;
      }
    }
    words[index * 2] = valueLow;
    words[index * 2 + 1] = valueHigh;
  }
  for (let at = 512; at < 8 * 512; at += 2) {
    const [before = 0, beforeHigh = 0] = [words[at - 512], words[at - 511]];
    const entry = (before & 0xff) * 2;
    words[at] = ((before >>> 8) | (beforeHigh << 24)) ^ (words[entry] ?? 0);
    words[at + 1] = (beforeHigh >>> 8) ^ (words[entry + 1] ?? 0);
  }
}

/** CRCs for which there is no native code: 64-bit ones, and 32-bit ones in the low half of the register. */
export async function crcByKernel(algorithm: "crc32c" | "crc64nvme"): Promise<CrcFactory> {
  const { kernel, memory } = await loadCrcKernel();
  fillTables(new Uint32Array(memory, 0, 8 * 512), crcPolynomial(algorithm));
  const data = new Uint8Array(memory, kernelLayout.data, 2 * half);
  const registers = new Uint32Array(memory, kernelLayout.registers, 4);
  const shift = crcShift(algorithm, half);
  const ones = [algorithm === "crc64nvme" ? 0xffffffff : 0, 0xffffffff] as const;

  const advance = (state: readonly [number, number], bytes: Uint8Array): readonly [number, number] => {
    data.set(bytes);
    registers.set([state[1], state[0], 0, 0]);
    if (bytes.length < data.length) {
      kernel.one(bytes.length);
      return [registers[1] ?? 0, registers[0] ?? 0];
    }
    kernel.two(half);
    const [shiftedHigh, shiftedLow] = shiftCrc(algorithm, [registers[1] ?? 0, registers[0] ?? 0], shift);
    return [(shiftedHigh ^ (registers[3] ?? 0)) >>> 0, (shiftedLow ^ (registers[2] ?? 0)) >>> 0];
  };

  return () => {
    let state: readonly [number, number] = ones;
    return {
      update: (bytes) => {
        for (let at = 0; at < bytes.length; at += data.length) {
          state = advance(state, bytes.subarray(at, at + data.length));
        }
      },
      take: () => {
        const text = [state[0] ^ ones[0], state[1] ^ ones[1]]
          .map((word) => (word >>> 0).toString(16).padStart(8, "0"))
          .join("");
        state = ones;
        return algorithm === "crc64nvme" ? text : text.slice(8);
      },
    };
  };
}
