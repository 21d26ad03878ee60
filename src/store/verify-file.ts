import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { toStorageError } from "../errors.ts";
import { diskError } from "./disk-error.ts";
import { type FileRecord, unitValue } from "./file-record.ts";
import { type FileSystem, isMissing, nodeFileSystem, systemErrorCode } from "./file-system.ts";

/** A running CRC, as the engine's `loadCrc` makes it. */
export interface UnitChecksum {
  update(bytes: Uint8Array): void;
  /** Value so far in lower-case hexadecimal; starts anew afterwards. */
  take(): string;
}

/** Half-open range of bytes of a file. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** What reading a file against its record found. */
export interface VerifiedFile {
  readonly path: string;
  readonly state: "intact" | "damaged" | "missing";
  /** Adjacent damaged units joined; empty unless damaged. The whole file where its size is wrong. */
  readonly damaged: readonly ByteSpan[];
  /** The record with the modification time and inode found now; present when intact. */
  readonly record?: FileRecord | undefined;
}

export interface VerifyFileOptions {
  readonly checksum: UnitChecksum;
  /** Bytes read since the last call. Reading goes on when what it returns has resolved, so that it can hold a pace. */
  readonly onBytes?: ((bytes: number) => unknown) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fileSystem?: FileSystem | undefined;
}

const chunkBytes = 1024 * 1024;

/**
 * Reads a file in 1 MiB chunks and compares every unit with its recorded CRC. Two chunks of memory; the event loop is
 * held for one chunk's checksum at a time. Throws `cancelled`, and disk errors other than those of damaged sectors.
 */
export async function verifyFile(
  destination: string,
  record: FileRecord,
  options: VerifyFileOptions,
): Promise<VerifiedFile> {
  const { fileSystem = nodeFileSystem, signal } = options;
  const path = join(destination, record.path);
  let handle: FileHandle;
  try {
    handle = await fileSystem.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isMissing(error)) return { path: record.path, state: "missing", damaged: [] };
    if (systemErrorCode(error) === "ELOOP") return wholeFile(record);
    throw diskError(error, "read", path);
  }
  try {
    const found = await handle.stat({ bigint: true });
    if (!found.isFile() || found.size !== BigInt(record.size)) return wholeFile(record);
    const damaged = await readUnits(handle, record, options);
    if (damaged.length > 0) return { path: record.path, state: "damaged", damaged };
    const now = { ...record, mtimeNs: String(found.mtimeNs), inode: String(found.ino) };
    return { path: record.path, state: "intact", damaged, record: now };
  } catch (error) {
    if (signal?.aborted) throw toStorageError(signal.reason, "verify", path);
    throw diskError(error, "read", path);
  } finally {
    await handle.close();
  }
}

function wholeFile(record: FileRecord): VerifiedFile {
  return { path: record.path, state: "damaged", damaged: [{ start: 0, end: record.size }] };
}

async function readUnits(handle: FileHandle, record: FileRecord, options: VerifyFileOptions): Promise<ByteSpan[]> {
  const { checksum, onBytes, signal } = options;
  const { unitSize } = record.units;
  const damaged: ByteSpan[] = [];
  checksum.take();
  let unitDamaged = false;
  for await (const { start, bytes, length } of readChunks(handle, record, signal)) {
    if (bytes === undefined) unitDamaged = true;
    else checksum.update(bytes);
    const end = start + length;
    if (end % unitSize === 0 || end === record.size) {
      const index = Math.ceil(end / unitSize) - 1;
      const value = checksum.take();
      if (unitDamaged || value !== unitValue(record, index)) addSpan(damaged, { start: index * unitSize, end });
      unitDamaged = false;
    }
    await onBytes?.(length);
  }
  return damaged;
}

function addSpan(spans: ByteSpan[], span: ByteSpan): void {
  const last = spans.at(-1);
  if (last !== undefined && last.end === span.start) spans[spans.length - 1] = { start: last.start, end: span.end };
  else spans.push(span);
}

interface Chunk {
  readonly start: number;
  readonly length: number;
  /** Undefined where the disk could not read. */
  readonly bytes: Uint8Array | undefined;
}

/** Chunks that never cross a unit's end, the next one being read while the current one is used. */
async function* readChunks(handle: FileHandle, record: FileRecord, signal?: AbortSignal): AsyncGenerator<Chunk> {
  const buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  const { unitSize } = record.units;
  let turn = 0;
  const readAt = (start: number): Promise<Chunk> => {
    const unitEnd = Math.min(record.size, start + unitSize - (start % unitSize));
    const buffer = turn === 0 ? buffers[0] : buffers[1];
    turn = 1 - turn;
    return readChunk(handle, start, Math.min(chunkBytes, unitEnd - start), buffer);
  };
  let next = record.size > 0 ? readAt(0) : undefined;
  while (next !== undefined) {
    const chunk = await next;
    signal?.throwIfAborted();
    const end = chunk.start + chunk.length;
    next = end < record.size ? readAt(end) : undefined;
    next?.catch(() => undefined);
    yield chunk;
  }
}

async function readChunk(handle: FileHandle, start: number, length: number, buffer: Buffer): Promise<Chunk> {
  let filled = 0;
  while (filled < length) {
    try {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled);
      if (bytesRead === 0) return { start, length, bytes: undefined };
      filled += bytesRead;
    } catch (error) {
      if (systemErrorCode(error) === "EIO") return { start, length, bytes: undefined };
      throw error;
    }
  }
  return { start, length, bytes: buffer.subarray(0, length) };
}
