import type { CompositeDigest, Digest, DigestAlgorithm, FullDigest } from "../../digest.ts";

/** What S3 tells about an object's content, however it was asked. */
export interface ContentEvidence {
  readonly size: number;
  readonly etag?: string | undefined;
  /** Server-side encryption as the answer names it; undefined where the answer does not say. */
  readonly encryption?: string | undefined;
  /** Encrypted with a key of the customer's. */
  readonly customerKey?: boolean | undefined;
  /** Base64, with `-N` behind it when composite, as `x-amz-checksum-*` has it. */
  readonly checksums?: Readonly<Partial<Record<ChecksumName, string | undefined>>> | undefined;
  readonly checksumType?: string | undefined;
  /** `x-amz-meta-md5chksum`, which rclone leaves on what it uploads in parts: base64 MD5 of the whole. */
  readonly md5Metadata?: string | undefined;
}

/** Exact parts of a multipart object, as far as they could be learned. */
export interface PartEvidence {
  readonly partSize?: number | undefined;
  readonly parts?:
    | readonly {
        readonly size: number;
        readonly checksums: Readonly<Partial<Record<ChecksumName, string | undefined>>>;
      }[]
    | undefined;
}

export type ChecksumName = "sha256" | "sha1" | "crc64nvme" | "crc32c" | "crc32";

/** Strongest first, with the number of bytes that each has. */
const checksumBytes: Readonly<Record<ChecksumName, number>> = {
  sha256: 32,
  crc64nvme: 8,
  sha1: 20,
  crc32c: 4,
  crc32: 4,
};
export const checksumNames = Object.keys(checksumBytes) as readonly ChecksumName[];

export const s3DigestAlgorithms: readonly DigestAlgorithm[] = [...checksumNames, "md5"];

/**
 * Every digest in the evidence, strongest first: checksums of the whole object, composite checksums, then what the etag
 * looks like. An etag is only ever inferred to be an MD5, and never where encryption makes it something else.
 */
export function digestsOf(evidence: ContentEvidence, partEvidence: PartEvidence = {}): readonly Digest[] {
  const full: Digest[] = [];
  const composite: Digest[] = [];
  for (const algorithm of checksumNames) {
    const text = evidence.checksums?.[algorithm];
    const digest = text === undefined ? undefined : checksumDigest(algorithm, text, evidence, partEvidence);
    if (digest === undefined) continue;
    (digest.kind === "full" ? full : composite).push(digest);
  }
  const md5 = evidence.md5Metadata === undefined ? undefined : base64ToHex(evidence.md5Metadata, 16);
  if (md5 !== undefined) composite.push({ kind: "full", algorithm: "md5", value: md5, confidence: "inferred" });
  const fromEtag = etagDigest(evidence, partEvidence);
  return [...full, ...composite, ...(fromEtag === undefined ? [] : [fromEtag])];
}

function checksumDigest(
  algorithm: ChecksumName,
  text: string,
  evidence: ContentEvidence,
  partEvidence: PartEvidence,
): Digest | undefined {
  const match = /^([A-Za-z0-9+/]+=*)(?:-(\d{1,5}))?$/.exec(text);
  const value = match?.[1] === undefined ? undefined : base64ToHex(match[1], checksumBytes[algorithm]);
  if (value === undefined) return undefined;
  const partCount = match?.[2] === undefined ? undefined : Number(match[2]);
  if (isUnclear(algorithm, partCount, evidence)) return undefined;
  if (partCount === undefined && evidence.checksumType !== "COMPOSITE") {
    return { kind: "full", algorithm, value, confidence: "stated" } satisfies FullDigest;
  }
  const count = partCount ?? partEvidence.parts?.length;
  if (count === undefined) return undefined;
  return compositeDigest(algorithm, value, "stated", count, evidence.size, partEvidence);
}

/**
 * A checksum on a multipart object that says neither by its type nor by its form what it covers: servers that know no types
 * leave the composite without its part count. Only CRC64NVME is never composite.
 */
function isUnclear(algorithm: ChecksumName, partCount: number | undefined, evidence: ContentEvidence): boolean {
  if (partCount !== undefined || evidence.checksumType !== undefined || algorithm === "crc64nvme") return false;
  return parseEtag(evidence.etag).partCount !== undefined;
}

function etagDigest(evidence: ContentEvidence, partEvidence: PartEvidence): Digest | undefined {
  if (evidence.customerKey === true || evidence.encryption?.startsWith("aws:kms") === true) return undefined;
  const { partCount, md5 } = parseEtag(evidence.etag);
  if (md5 === undefined) return undefined;
  if (partCount === undefined) return { kind: "full", algorithm: "md5", value: md5, confidence: "inferred" };
  return compositeDigest("md5", md5, "inferred", partCount, evidence.size, partEvidence);
}

function compositeDigest(
  algorithm: DigestAlgorithm,
  value: string,
  confidence: "stated" | "inferred",
  partCount: number,
  size: number,
  { partSize, parts }: PartEvidence,
): CompositeDigest | undefined {
  const exact =
    parts?.length === partCount && parts.reduce((sum, part) => sum + part.size, 0) === size ? parts : undefined;
  // Parts that are known to be uneven, and not one by one, make a digest that nobody can verify.
  if (exact === undefined && partSize !== undefined && !fits(size, partCount, partSize)) return undefined;
  return {
    kind: "composite",
    algorithm,
    value,
    confidence,
    partCount,
    ...(partSize === undefined ? {} : { partSize }),
    ...(exact === undefined ? {} : { parts: exact.map((part) => exactPart(algorithm, part)) }),
  };
}

function exactPart(
  algorithm: DigestAlgorithm,
  part: NonNullable<PartEvidence["parts"]>[number],
): { readonly size: number; readonly value?: string } {
  const text = algorithm in checksumBytes ? part.checksums[algorithm as ChecksumName] : undefined;
  const value = text === undefined ? undefined : base64ToHex(text, checksumBytes[algorithm as ChecksumName]);
  return value === undefined ? { size: part.size } : { size: part.size, value };
}

/** MD5 and part count that an etag seems to spell: `"<32 hex>"` or `"<32 hex>-N"`. */
export function parseEtag(etag: string | undefined): {
  readonly md5: string | undefined;
  readonly partCount: number | undefined;
} {
  const match = /^(?:W\/)?"?([0-9a-f]{32})(?:-(\d{1,5}))?"?$/i.exec(etag ?? "");
  return { md5: match?.[1]?.toLowerCase(), partCount: match?.[2] === undefined ? undefined : Number(match[2]) };
}

/** Whether `partCount` parts of `partSize` bytes, the last one smaller or equal, make `size` bytes. */
function fits(size: number, partCount: number, partSize: number): boolean {
  return partSize > 0 && Math.max(1, Math.ceil(size / partSize)) === partCount;
}

/** Undefined when the text is not base64 of exactly that many bytes. */
function base64ToHex(text: string, bytes: number): string | undefined {
  const value = Buffer.from(text, "base64");
  return value.length === bytes && value.toString("base64") === text ? value.toString("hex") : undefined;
}
