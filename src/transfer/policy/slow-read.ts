/** A read that has its answer and delivers the body. */
export interface ReadPace {
  /** Milliseconds since its answer. */
  readonly ageMs: number;
  /** Bytes per second lately. */
  readonly rate: number;
  /** Bytes that its part still lacks. */
  readonly remaining: number;
}

/** Slower than the usual rate by this factor is slow; near the end, where one read holds up all, less is enough. */
const slowFactor = 10;
const slowFactorAtEnd = 3;
const minimalAgeMs = 1500;
/** A read that ends within this time by itself is left alone. */
const worthMs = 1500;

/**
 * Whether a second connection should race a slow one for the rest of its part. `usualRate` is what reads of the same host
 * deliver, in bytes per second; `atEnd` when no work is left for the other connections. The ratios are azcopy's.
 */
export function isSlowRead(pace: ReadPace, usualRate: number, atEnd: boolean): boolean {
  if (pace.ageMs < minimalAgeMs || usualRate <= 0) return false;
  if (pace.rate * (atEnd ? slowFactorAtEnd : slowFactor) >= usualRate) return false;
  const leftMs = (pace.remaining / Math.max(pace.rate, 1)) * 1000;
  const otherwiseMs = (pace.remaining / usualRate) * 1000;
  return leftMs > worthMs && leftMs > 2 * otherwiseMs;
}

/** The middle of the rates; 0 without any. */
export function medianRate(rates: readonly number[]): number {
  const sorted = rates.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
