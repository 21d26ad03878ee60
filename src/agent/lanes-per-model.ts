import { totalmem } from "node:os";
import process from "node:process";

const mebibyte = 1024 * 1024;
/** What the agent holds without any lane, a few hundred models known. */
const agentBytes = 130 * mebibyte;
/** What a lane holds while it works: its isolate and its buffers. */
const laneBytes = 18 * mebibyte;
/** Part of the memory that is planned for; the rest is for the page cache, which counts too, and for what is not foreseen. */
const planned = 0.7;

/** Bytes of memory that this process may use: its control group's limit, else the machine's memory. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/**
 * Lanes for each of `workers` models that are brought at the same time, so that all of them fit into `memoryBytes`; at least one, and
 * never more than `most`, as many as the processors are worth.
 */
export function lanesPerModel(memoryBytes: number, workers: number, most: number): number {
  const lanes = Math.floor((memoryBytes * planned - agentBytes) / laneBytes / workers);
  return Math.max(1, Math.min(most, lanes));
}
