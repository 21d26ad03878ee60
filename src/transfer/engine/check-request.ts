import { StorageError } from "../../errors.ts";
import type { TransferFile, TransferOptions } from "../transfer-types.ts";

/** Refuses what a transfer cannot be asked for, before anything is touched. Throws StorageError `config_invalid`. */
export function checkRequest(files: readonly TransferFile[], options: TransferOptions): void {
  inRange("maxConnections", options.maxConnections, 1, 256);
  inRange("lanes", options.lanes, 1, 64);
  inRange("maxAttempts", options.maxAttempts, 1, 1000);
  inRange("maxBandwidth", options.maxBandwidth, 1, Number.MAX_SAFE_INTEGER);
  inRange("stallTimeoutMs", options.stallTimeoutMs, 1, 3_600_000);
  inRange("connectTimeoutMs", options.connectTimeoutMs, 1, 3_600_000);
  const paths = new Set<string>();
  for (const { path, size, sources } of files) {
    if (paths.has(path)) throw invalid(`two files have the path ${path}`, "Give every file a path of its own.");
    paths.add(path);
    if (!Number.isSafeInteger(size) || size < 0) {
      throw invalid(`${path} has the size ${size}`, "Give its size as a whole number of bytes.");
    }
    if (sources.length === 0) throw invalid(`${path} has no source`, "Name at least one source for every file.");
  }
}

function inRange(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw invalid(`${name} is ${value}`, `Use a whole number from ${least} to ${most}.`);
}

function invalid(detail: string, hint: string): StorageError {
  return new StorageError({ code: "config_invalid", operation: "transfer", detail, hint });
}
