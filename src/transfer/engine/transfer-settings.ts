import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { LaneSettings } from "../lane/lane-messages.ts";
import type { TransferOptions } from "../transfer-types.ts";

const mebibyte = 1024 * 1024;

/** The options of a transfer with everything filled in. Times in milliseconds, sizes in bytes. */
export interface TransferSettings {
  readonly maxConnections: number;
  readonly stallTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

const defaultMaxConnections = 256;
const defaultTimeoutMs = 3000;
/** All lanes' buffers together. */
const bufferBytes = 48 * mebibyte;

/** Open files that this process may have (Linux: `/proc/self/limits`); a cautious guess elsewhere. */
function openFileLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return match?.[1] === undefined ? 1024 : Number(match[1]);
  } catch {
    return 1024;
  }
}

export function transferSettings(options: TransferOptions): TransferSettings {
  const connections = options.maxConnections ?? defaultMaxConnections;
  return {
    maxConnections: Math.max(1, Math.min(connections, defaultMaxConnections, Math.floor(openFileLimit() / 4))),
    stallTimeoutMs: options.stallTimeoutMs ?? defaultTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs ?? defaultTimeoutMs,
  };
}

/** More lanes than this bring nothing that a network card could feed. */
const maxLanes = 16;

/** One lane per core, leaving one to everything else; a single one on small machines. */
export function laneCount(wanted: number | undefined): number {
  return wanted ?? Math.max(1, Math.min(maxLanes, availableParallelism() - 1));
}

/** Syncs under way at a time, all lanes together: file systems commit what waits together, so many cost little more than one. */
const parallelSyncs = 8;

/** Bytes of a large file that are left to the kernel before the disk is told to write them. */
export const writeBehindBytes = 128 * mebibyte;

/** Settings of each of `lanes` lanes. */
export function laneSettings(settings: TransferSettings, lanes: number, fileMode: number | undefined): LaneSettings {
  return {
    bufferSize: mebibyte / 2,
    leanBufferSize: mebibyte / 8,
    bufferLimit: Math.max(8 * mebibyte, bufferBytes / lanes),
    stallTimeoutMs: settings.stallTimeoutMs,
    connectTimeoutMs: settings.connectTimeoutMs,
    tickMs: 100,
    fileMode,
    parallelSyncs: Math.max(2, Math.floor(parallelSyncs / lanes)),
  };
}

/** Parts of one file that may be read at once while its serial digest is computed: what comes ahead has to fit the buffers. */
export function serialAhead(lanes: number): number {
  return Math.max(2, Math.floor(((bufferBytes / lanes) * 0.5) / (4 * mebibyte)));
}
