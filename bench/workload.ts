import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32c } from "@node-rs/crc32";

/** A set of files that every contender brings to disk. */
export interface Workload {
  readonly name: string;
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

const mebibyte = 1024 * 1024;

export const workloads: readonly Workload[] = [
  { name: "one-2GiB", files: [{ name: "model.bin", size: 2048 * mebibyte }] },
  {
    name: "eight-256MiB",
    files: Array.from({ length: 8 }, (_, i) => ({ name: `shard-${i}.bin`, size: 256 * mebibyte })),
  },
  {
    name: "5000-16KiB",
    files: Array.from({ length: 5000 }, (_, i) => ({
      name: `small-${String(i).padStart(4, "0")}.bin`,
      size: 16 * 1024,
    })),
  },
];

/** Bytes of a workload. */
export function totalBytes(workload: Workload): number {
  return workload.files.reduce((sum, file) => sum + file.size, 0);
}

/**
 * Writes the files below `root/<workload>/` once, with an index that states size and sha256 of each, and one that states size and CRC32C,
 * the digests that the Hub and the object stores offer, so that a pull verifies what it receives. Content is pseudo-random with a
 * counter in every MiB, so that no two stretches are equal.
 */
export function seed(root: string, workload: Workload): void {
  const directory = join(root, workload.name);
  if (existsSync(join(directory, "index-crc32c.json"))) return;
  mkdirSync(directory, { recursive: true });
  const block = Buffer.alloc(mebibyte);
  let state = 88172645463325252n & 0xffffffffn;
  for (let i = 0; i < block.length; i += 4) {
    state = (state * 1664525n + 1013904223n) & 0xffffffffn;
    block.writeUInt32LE(Number(state), i);
  }
  const entries = workload.files.map((file, fileIndex) => {
    const hash = createHash("sha256");
    let crc = 0;
    const descriptor = openSync(join(directory, file.name), "w");
    for (let offset = 0; offset < file.size; offset += block.length) {
      block.writeUInt32LE(fileIndex, 0);
      block.writeUInt32LE(offset / block.length, 4);
      const piece = block.subarray(0, Math.min(block.length, file.size - offset));
      hash.update(piece);
      crc = crc32c(piece, crc);
      writeSync(descriptor, piece);
    }
    closeSync(descriptor);
    return { path: file.name, size: file.size, sha256: hash.digest("hex"), crc32c: crc.toString(16).padStart(8, "0") };
  });
  for (const algorithm of ["sha256", "crc32c"] as const) {
    const files = entries.map(({ path, size, ...digests }) => ({
      path,
      size,
      digests: { [algorithm]: digests[algorithm] },
    }));
    writeFileSync(join(directory, `index-${algorithm}.json`), JSON.stringify({ files }));
  }
}

/** The sha256 of every file as the seed recorded it. */
export function expectedDigests(root: string, workload: Workload): ReadonlyMap<string, string> {
  const index = JSON.parse(readFileSync(join(root, workload.name, "index-sha256.json"), "utf8")) as {
    files: { path: string; digests: { sha256: string } }[];
  };
  return new Map(index.files.map((file) => [file.path, file.digests.sha256]));
}
