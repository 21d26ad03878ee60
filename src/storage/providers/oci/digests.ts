import type { CompositeDigest, Digest, DigestAlgorithm } from "../../digest.ts";

/** What Object Storage tells about an object's content. Values in base64, with `-N` behind composite ones. */
export interface ContentEvidence {
  readonly size: number;
  /** `content-md5`, or the listing's `md5`, which may be composite. */
  readonly md5?: string | undefined;
  /** `opc-multipart-md5`: MD5 of the parts' binary MD5s. */
  readonly multipartMd5?: string | undefined;
  /** `opc-content-crc32c`: of the whole, also of what came in parts. */
  readonly crc32c?: string | undefined;
  /** `opc-content-sha256`. */
  readonly sha256?: string | undefined;
  /** `opc-multipart-sha256`. */
  readonly multipartSha256?: string | undefined;
  /** User metadata, names in lower case, with `opc-meta-` before them. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export const ociDigestAlgorithms: readonly DigestAlgorithm[] = ["sha256", "crc32c", "md5"];

const bytesOf = { sha256: 32, crc32c: 4, md5: 16 } as const;
type Algorithm = keyof typeof bytesOf;

const mebibyte = 1024 * 1024;

/**
 * Part sizes of uploaders, likeliest first: 128 MiB of Oracle's command line, HDFS connector and most SDKs, 20 of the
 * TypeScript SDK, 64 and 10 of the console, 5 of rclone, 16 of this project, round numbers of scripts.
 */
const likelyPartSizes = [128, 20, 64, 10, 50, 100, 200, 5, 16, 32, 8, 25, 256, 500, 512, 1000, 1024].map(
  (count) => count * mebibyte,
);

/** User metadata in which uploaders leave the MD5 of the whole: OME and Oracle's tools, rclone. */
const md5Metadata = ["opc-meta-md5", "opc-meta-md5chksum"] as const;

/** Every digest in the evidence, strongest first. What is stored as user metadata is the uploader's word: inferred. */
export function digestsOf(evidence: ContentEvidence): readonly Digest[] {
  const { size, metadata = {} } = evidence;
  const stated = [
    stateDigest("sha256", evidence.sha256, size),
    stateDigest("crc32c", evidence.crc32c, size),
    stateDigest("md5", evidence.md5, size),
    stateDigest("sha256", evidence.multipartSha256, size),
    stateDigest("md5", evidence.multipartMd5, size),
  ].filter((digest) => digest !== undefined);
  const full = stated.filter((digest) => digest.kind === "full");
  const composite = stated.filter((digest) => digest.kind === "composite");
  const inferred = md5Metadata.map((name) => readMd5(metadata[name])).find((value) => value !== undefined);
  if (inferred === undefined || full.some(({ algorithm }) => algorithm === "md5")) return [...full, ...composite];
  return [...full, ...composite, { kind: "full", algorithm: "md5", value: inferred, confidence: "inferred" }];
}

function stateDigest(algorithm: Algorithm, text: string | undefined, size: number): Digest | undefined {
  const [, encoded, count] = /^([A-Za-z0-9+/]+={0,2})(?:-(\d{1,5}))?$/.exec(text ?? "") ?? [];
  const value = encoded === undefined ? undefined : base64ToHex(encoded, bytesOf[algorithm]);
  if (value === undefined) return undefined;
  if (count === undefined) return { kind: "full", algorithm, value, confidence: "stated" };
  return compositeDigest(algorithm, value, Number(count), size);
}

/** The size of the parts is not told: one part is the whole, otherwise it is guessed. */
function compositeDigest(
  algorithm: Algorithm,
  value: string,
  partCount: number,
  size: number,
): CompositeDigest | undefined {
  if (partCount < 1) return undefined;
  const digest = { kind: "composite", algorithm, value, confidence: "stated", partCount } as const;
  if (partCount === 1) return { ...digest, partSize: Math.max(1, size) };
  return { ...digest, likelyPartSizes: likelyPartSizes.filter((partSize) => Math.ceil(size / partSize) === partCount) };
}

/** Base64 as OME and rclone write it, or hexadecimal. */
function readMd5(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return /^[0-9a-f]{32}$/i.test(text) ? text.toLowerCase() : base64ToHex(text, bytesOf.md5);
}

/** Undefined when the text is not base64 of exactly that many bytes. */
function base64ToHex(text: string, bytes: number): string | undefined {
  const value = Buffer.from(text, "base64");
  return value.length === bytes && value.toString("base64") === text ? value.toString("hex") : undefined;
}
