import { readSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type { Crc } from "../digest/crc.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { UnitToCheck } from "./lane-messages.ts";

/** Reads units back from disk and returns the indices of those that have the CRC they should. What cannot be read is not good. */
export async function checkUnits(
  fd: number,
  crc: Crc,
  units: readonly UnitToCheck[],
  pool: BufferPool,
): Promise<readonly number[]> {
  const good: number[] = [];
  const buffer = pool.take();
  for (const unit of units) {
    if (crcOf(fd, crc, unit, buffer) === unit.crc) good.push(unit.unit);
    await turn();
  }
  pool.give(buffer);
  return good;
}

function crcOf(fd: number, crc: Crc, { start, end }: UnitToCheck, buffer: Uint8Array): string | undefined {
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
