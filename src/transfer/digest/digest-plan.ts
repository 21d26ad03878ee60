import type { CompositeDigest, Digest, FullDigest, RangeDigests } from "../../storage/digest.ts";
import type { CrcAlgorithm } from "./crc-combine.ts";
import { inferPartSize } from "./part-size.ts";
import { isSerial, type SerialAlgorithm } from "./serial-hash.ts";

/** A stretch whose digest has to see its bytes in order. */
export interface PlannedSpan {
  readonly start: number;
  readonly end: number;
  readonly algorithm: SerialAlgorithm;
  /** What the source says that it must be, where it says so. */
  readonly expected: string | undefined;
}

/** A part of the object as it was uploaded. */
export interface SourcePart {
  readonly start: number;
  readonly end: number;
  readonly expected: string | undefined;
}

/** How a finished file is proven. */
export type FinalCheck =
  | { readonly by: "crc"; readonly digest: FullDigest }
  | { readonly by: "serial"; readonly digest: FullDigest }
  | {
      readonly by: "composite";
      readonly digest: CompositeDigest;
      readonly parts: readonly SourcePart[];
      readonly assumed: boolean;
    }
  /** Each unit is a range whose digest comes with its bytes. */
  | { readonly by: "ranges"; readonly digest: RangeDigests }
  | { readonly by: "size" };

/** What is computed while the bytes of a file arrive, and what it is compared with at the end. */
export interface DigestPlan {
  readonly unitAlgorithm: CrcAlgorithm;
  readonly unitSize: number;
  /** Offsets besides the unit boundaries at which CRCs have to be taken, ascending. */
  readonly cuts: readonly number[];
  readonly spans: readonly PlannedSpan[];
  readonly check: FinalCheck;
}

/** Bytes under one CRC where the source suggests nothing else. */
export const defaultUnitSize = 8 * 1024 * 1024;

/** Cheapest first; measured in docs/decisions/0051-digests-on-the-way.md. */
const crcCost: Readonly<Record<CrcAlgorithm, number>> = { crc32: 0, crc32c: 1, crc64nvme: 2 };
const serialCost: Readonly<Record<SerialAlgorithm, number>> = { sha256: 0, sha1: 1, "git-sha1": 2, md5: 3 };

/**
 * Picks the proof that costs least: a CRC of the whole (combinable in any order), then digests of the parts (each in order,
 * all in parallel), then a digest of the whole (in order). What the source states goes before what was inferred.
 * Digests of ranges come last: they cost many requests and prove the way only. Without any usable digest the file is checked
 * by its size; CRCs of its units are taken all the same.
 */
export function chooseDigestPlan(
  digests: readonly Digest[],
  size: number,
  rangeDigests: readonly RangeDigests[] = [],
): DigestPlan {
  const stated = digests.filter((digest) => digest.confidence === "stated");
  const inferred = digests.filter((digest) => digest.confidence === "inferred");
  return (
    choose(stated, size) ??
    choose(inferred, size) ??
    byRanges(rangeDigests, size) ??
    planned({ by: "size" }, "crc32", [], defaultUnitSize, [])
  );
}

function choose(digests: readonly Digest[], size: number): DigestPlan | undefined {
  return wholeCrc(digests) ?? composite(digests, size) ?? wholeSerial(digests, size);
}

function byRanges([digest]: readonly RangeDigests[], size: number): DigestPlan | undefined {
  if (digest === undefined || size === 0) return undefined;
  const { algorithm, rangeSize } = digest;
  return planned({ by: "ranges", digest }, isSerial(algorithm) ? "crc32" : algorithm, [], rangeSize, []);
}

function planned(
  check: FinalCheck,
  unitAlgorithm: CrcAlgorithm,
  spans: readonly PlannedSpan[],
  unitSize: number,
  cuts: readonly number[],
): DigestPlan {
  return { unitAlgorithm, unitSize, cuts, spans, check };
}

function wholeCrc(digests: readonly Digest[]): DigestPlan | undefined {
  const candidates = digests.flatMap((digest) =>
    digest.kind === "full" && !isSerial(digest.algorithm) ? [{ digest, algorithm: digest.algorithm }] : [],
  );
  const best = candidates.sort((a, b) => crcCost[a.algorithm] - crcCost[b.algorithm])[0];
  if (best === undefined) return undefined;
  return planned({ by: "crc", digest: best.digest }, best.algorithm, [], defaultUnitSize, []);
}

function wholeSerial(digests: readonly Digest[], size: number): DigestPlan | undefined {
  const candidates = digests.flatMap((digest) =>
    digest.kind === "full" && isSerial(digest.algorithm) ? [{ digest, algorithm: digest.algorithm }] : [],
  );
  const best = candidates.sort((a, b) => serialCost[a.algorithm] - serialCost[b.algorithm])[0];
  if (best === undefined) return undefined;
  const span = { start: 0, end: size, algorithm: best.algorithm, expected: best.digest.value };
  return planned({ by: "serial", digest: best.digest }, "crc32", [span], defaultUnitSize, []);
}

function composite(digests: readonly Digest[], size: number): DigestPlan | undefined {
  const usable = digests.flatMap((digest) => {
    if (digest.kind !== "composite") return [];
    const layout = layoutOf(digest, size);
    return layout === undefined ? [] : [{ digest, ...layout }];
  });
  const cost = ({ digest }: { digest: CompositeDigest }): number =>
    isSerial(digest.algorithm) ? 10 + serialCost[digest.algorithm] : crcCost[digest.algorithm];
  const best = usable.sort((a, b) => cost(a) - cost(b))[0];
  if (best === undefined) return undefined;
  const { digest, parts, assumed } = best;
  const check: FinalCheck = { by: "composite", digest, parts, assumed };
  const unitSize = unitSizeFor(parts);
  const { algorithm } = digest;
  if (isSerial(algorithm)) {
    const spans = parts.map((part) => ({ ...part, algorithm }));
    return planned(check, "crc32", spans, unitSize, []);
  }
  const cuts = parts.map((part) => part.end).filter((end) => end % unitSize !== 0 && end !== size);
  return planned(check, algorithm, [], unitSize, cuts);
}

/** Where the source's parts begin and end; undefined when what it tells does not add up to the size. */
function layoutOf(
  digest: CompositeDigest,
  size: number,
): { readonly parts: readonly SourcePart[]; readonly assumed: boolean } | undefined {
  const sizes = digest.parts?.map((part) => part.size) ?? regularSizes(digest, size);
  if (sizes === undefined || sizes.some((bytes) => !(bytes > 0))) return undefined;
  let start = 0;
  const parts = sizes.map((bytes, index) => {
    const part = { start, end: start + bytes, expected: digest.parts?.[index]?.value };
    start = part.end;
    return part;
  });
  if (start !== size || parts.length !== digest.partCount) return undefined;
  return { parts, assumed: digest.parts === undefined && digest.partSize === undefined };
}

function regularSizes(digest: CompositeDigest, size: number): readonly number[] | undefined {
  const partSize = digest.partSize ?? inferPartSize(size, digest.partCount, digest.likelyPartSizes);
  if (partSize === undefined || Math.ceil(size / partSize) !== digest.partCount) return undefined;
  return Array.from({ length: digest.partCount }, (_, index) => Math.min(partSize, size - index * partSize));
}

/** A divisor of the regular part size near the default, so that units never straddle parts; the default otherwise. */
function unitSizeFor(parts: readonly SourcePart[]): number {
  const first = parts[0];
  if (first === undefined || parts.length === 1) return defaultUnitSize;
  const partSize = first.end - first.start;
  const regular = parts.slice(0, -1).every((part) => part.end - part.start === partSize);
  const least = Math.ceil(partSize / defaultUnitSize);
  for (let count = least; regular && count < least * 2 + 8; count += 1) {
    if (partSize % count === 0 && partSize / count >= 1024 * 1024) return partSize / count;
  }
  return defaultUnitSize;
}
