import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { FileRecord } from "../../src/store/file-record.ts";
import type { UnitChecksum } from "../../src/store/verify-file.ts";

/** Writes a file and gives the record that publishing it would have left. */
export async function recordedFile(
  destination: string,
  path: string,
  bytes: Uint8Array,
  unitSize = 8192,
): Promise<FileRecord> {
  await writeFile(join(destination, path), bytes);
  const { mtimeNs, ino } = await stat(join(destination, path), { bigint: true });
  let values = "";
  for (let at = 0; at < bytes.length; at += unitSize) values += hex(crc32(bytes.subarray(at, at + unitSize)));
  return {
    path,
    size: bytes.length,
    mtimeNs: String(mtimeNs),
    inode: String(ino),
    origin: { uri: `memory://b/${path}`, etag: '"1"' },
    verification: { by: "size" },
    units: { algorithm: "crc32", unitSize, values },
    checksum: hex(crc32(bytes)),
    digests: {},
  };
}

export function crc32Checksum(): UnitChecksum {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    take: () => {
      const text = hex(value);
      value = 0;
      return text;
    },
  };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
