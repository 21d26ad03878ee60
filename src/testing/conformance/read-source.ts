import { readFromSource } from "../../storage/read-from-source.ts";
import type { ReadSource } from "../../storage/read-source.ts";

/** A part of an object, half-open by `offset + length`, in bytes. */
export interface SourceSlice {
  readonly offset: number;
  readonly length: number;
  /** Size of the object, checked against every answer when given. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads bytes from a located source in one attempt, checked as the engine checks them: for tests of providers. A length
 * of 0 reads nothing and asks nothing.
 */
export async function readSource(source: ReadSource, slice: SourceSlice): Promise<Uint8Array> {
  if (slice.length === 0) return new Uint8Array(0);
  const range = { start: slice.offset, end: slice.offset + slice.length, size: slice.size };
  const context = { operation: "read", target: source.kind, now: Date.now(), signal: slice.signal };
  const chunks: Uint8Array[] = [];
  for await (const chunk of readFromSource(source, range, context)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
