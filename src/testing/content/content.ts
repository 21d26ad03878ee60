import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Bytes that can be read anywhere without being held in memory: what test servers serve. */
export interface Content {
  /** Bytes, a whole number >= 0. */
  readonly size: number;
  /** Fills `target` with the bytes from `offset` on; `offset + target.length` never exceeds `size`. */
  read(offset: number, target: Uint8Array): void;
}

/** Content held in memory. */
export function bytesContent(bytes: Uint8Array | string): Content {
  const held = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  return {
    size: held.length,
    read: (offset, target) => target.set(held.subarray(offset, offset + target.length)),
  };
}

/** Content of a file on disk, whose size is read once. Throws the file system's error when it cannot be opened. */
export function fileContent(path: string): Content {
  const withFile = <T>(use: (fd: number) => T): T => {
    const fd = openSync(path, "r");
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  };
  return {
    size: withFile((fd) => fstatSync(fd).size),
    read: (offset, target) =>
      withFile((fd) => {
        let done = 0;
        while (done < target.length) {
          const count = readSync(fd, target, done, target.length - done, offset + done);
          if (count === 0) throw new RangeError(`${path} became shorter than it was`);
          done += count;
        }
      }),
  };
}

/** Nothing but zero bytes. */
export function zeroContent(size: number): Content {
  return { size, read: (_offset, target) => void target.fill(0) };
}

/** Several contents one after the other, such as a file header followed by generated tensors. */
export function joinedContent(parts: readonly Content[]): Content {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  return {
    size,
    read: (offset, target) => {
      for (const [index, part] of parts.entries()) {
        const start = starts[index] ?? 0;
        const from = Math.max(offset, start);
        const to = Math.min(offset + target.length, start + part.size);
        if (from < to) part.read(from - start, target.subarray(from - offset, to - offset));
      }
    },
  };
}

/** The same content with one bit inverted, as a faulty cable or disk leaves it. `bit` is 0..7. */
export function withFlippedBit(content: Content, offset: number, bit = 0): Content {
  return {
    size: content.size,
    read: (from, target) => {
      content.read(from, target);
      const index = offset - from;
      const byte = target[index];
      if (byte !== undefined) target[index] = byte ^ (1 << bit);
    },
  };
}
