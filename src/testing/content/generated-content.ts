import type { Content } from "./content.ts";

/** A prime, so that no shift by a round number of bytes maps the repeated block onto itself. */
const period = 1_048_573;
const sectorSize = 4096;
const stampSize = 8;

/**
 * Incompressible content of any size that depends on nothing but its seed: a random block repeated, with the sector
 * number stamped into every 4 KiB, so that misplaced, repeated or missing bytes always change it. `seed` is a whole number.
 */
export function generatedContent(options: { readonly seed: number; readonly size: number }): Content {
  const { size } = options;
  const seed = options.seed >>> 0;
  const block = randomBlock(seed, Math.min(size, period));
  return {
    size,
    read: (offset, target) => {
      for (let done = 0; done < target.length; ) {
        const from = (offset + done) % block.length;
        const piece = block.subarray(from, Math.min(block.length, from + target.length - done));
        target.set(piece, done);
        done += piece.length;
      }
      stampSectors(seed, offset, target);
    },
  };
}

function stampSectors(seed: number, offset: number, target: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const stamp = new DataView(new ArrayBuffer(stampSize));
  const end = offset + target.length;
  for (let sector = Math.floor(offset / sectorSize); sector * sectorSize < end; sector++) {
    const low = (sector ^ seed) >>> 0;
    const high = Math.floor(sector / 2 ** 32);
    const at = sector * sectorSize - offset;
    if (at >= 0 && at + stampSize <= target.length) {
      view.setUint32(at, low, true);
      view.setUint32(at + 4, high, true);
      continue;
    }
    stamp.setUint32(0, low, true);
    stamp.setUint32(4, high, true);
    for (let index = 0; index < stampSize; index++) {
      if (at + index >= 0 && at + index < target.length) target[at + index] = stamp.getUint8(index);
    }
  }
}

function randomBlock(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  const random = seededWords(seed);
  for (let index = 0; index < words.length; index++) words[index] = random();
  return new Uint8Array(words.buffer, 0, length);
}

/** Uniform 32-bit words by the sfc32 generator. */
function seededWords(seed: number): () => number {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) next();
  return next;
}

/** Uniform in [0, 1) and the same for the same seed: the randomness of tests. */
export function seededRandom(seed: number): () => number {
  const next = seededWords(seed >>> 0);
  return () => next() / 2 ** 32;
}
