import { readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type { Crc } from "../digest/running-crc.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { PieceOnDisk } from "./lane-messages.ts";

/** Reads pieces back from disk and returns those that have the CRC they should. What cannot be read is not good. */
export async function checkPieces(
  fd: number,
  crc: Crc,
  pieces: readonly PieceOnDisk[],
  pool: BufferPool,
): Promise<readonly PieceOnDisk[]> {
  const good: PieceOnDisk[] = [];
  const buffer = pool.take();
  for (const piece of pieces) {
    if (crcOf(fd, crc, piece, buffer) === piece.crc) good.push(piece);
    await turn();
  }
  pool.give(buffer);
  return good;
}

function crcOf(fd: number, crc: Crc, { start, end }: PieceOnDisk, buffer: Uint8Array): string | undefined {
  try {
    for (let at = start; at < end; ) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, end - at), at);
      if (count === 0) break;
      crc.update(buffer.subarray(0, count));
      at += count;
    }
    return crc.take();
  } catch {
    crc.take();
    return undefined;
  }
}
