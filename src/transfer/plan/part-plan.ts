import type { ByteRange } from "./range-set.ts";

const mebibyte = 1024 * 1024;

/** Files below this are read whole, with one request. */
export const wholeFileLimit = 16 * mebibyte;

/** What the size of the next part depends on. Sizes in bytes. */
export interface PartSituation {
  /** The first missing range of the file. */
  readonly missing: ByteRange;
  readonly size: number;
  readonly unitSize: number;
  /** Bytes of all files that no part covers yet. */
  readonly unassigned: number;
  /** Connections that share them. */
  readonly connections: number;
  /** The serial stretches from the one on that the range begins in; empty without serial digests. */
  readonly spans: readonly ByteRange[];
  /** There are at least as many files as connections, so that no second one will read this file. */
  readonly alone: boolean;
}

/** Parts of a long serial stretch that several connections share: what comes ahead of its turn is held in memory. */
const sharedSerialPart = 4 * mebibyte;
const aloneSerialPart = 32 * mebibyte;
/** Serial stretches up to this length are read by one connection each. */
const maxWholeSpan = 64 * mebibyte;

/** How much one request asks for at most: few requests on large files, several parts on middling ones. */
function requestSize(size: number): number {
  return size < 512 * mebibyte ? 16 * mebibyte : 64 * mebibyte;
}

/**
 * End of the next part of a file. Parts end on unit boundaries; toward the end of a transfer they shrink, so that all
 * connections finish together. Parts of a long serial stretch are small where several connections share it.
 */
export function nextPartEnd(situation: PartSituation): number {
  const { missing, size, unitSize, spans } = situation;
  if (size < wholeFileLimit) return missing.end;
  const share = situation.unassigned / Math.max(1, situation.connections);
  const request = Math.min(requestSize(size), Math.max(unitSize, share));
  const [span] = spans;
  if (span === undefined) return Math.min(missing.end, alignUp(missing.start + request, unitSize));
  const length = span.end - span.start;
  if (length > maxWholeSpan) {
    const step = situation.alone ? aloneSerialPart : sharedSerialPart;
    return Math.min(missing.end, span.end, alignUp(missing.start + 1, step));
  }
  const last = spans.find(({ end }) => end >= missing.start + request) ?? spans.at(-1) ?? span;
  return Math.min(missing.end, last.end);
}

function alignUp(offset: number, step: number): number {
  return Math.ceil(offset / step) * step;
}
