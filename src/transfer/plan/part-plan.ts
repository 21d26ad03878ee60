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
  /** The serial stretch that the range begins in, and where the next ones end; undefined without serial digests. */
  readonly span: ByteRange | undefined;
}

/** How much one request asks for at most: few requests on large files, several parts on middling ones. */
function requestSize(size: number): number {
  return size < 512 * mebibyte ? 16 * mebibyte : 64 * mebibyte;
}

/**
 * End of the next part of a file. Parts end on unit boundaries; toward the end of a transfer they shrink, so that all
 * connections finish together. A serial stretch is read in parts of one unit, because what arrives ahead of its digest has to
 * be held in memory; when it is no longer than a request, it is read as one part.
 */
export function nextPartEnd(situation: PartSituation): number {
  const { missing, size, unitSize, span } = situation;
  if (size < wholeFileLimit) return missing.end;
  const share = situation.unassigned / Math.max(1, situation.connections);
  const request = Math.min(requestSize(size), Math.max(unitSize, share));
  if (span !== undefined) return Math.min(missing.end, serialEnd(missing.start, span, unitSize, request));
  return Math.min(missing.end, alignUp(missing.start + request, unitSize));
}

function serialEnd(start: number, span: ByteRange, unitSize: number, request: number): number {
  const length = span.end - span.start;
  if (length > requestSize(Number.POSITIVE_INFINITY)) return Math.min(span.end, alignUp(start + 1, unitSize));
  const spans = Math.max(1, Math.floor(request / length));
  return span.end + (spans - 1) * length;
}

function alignUp(offset: number, step: number): number {
  return Math.ceil(offset / step) * step;
}
