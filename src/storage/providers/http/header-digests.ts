import type { Digest, DigestAlgorithm } from "../../digest.ts";

type Headers = Readonly<Record<string, string>>;

/** Names in digest fields (RFC 9530, RFC 3230 and their registries), and how many bytes their values have. */
const algorithms: Readonly<Record<string, readonly [DigestAlgorithm, number]>> = {
  "sha-256": ["sha256", 32],
  sha256: ["sha256", 32],
  sha: ["sha1", 20],
  "sha-1": ["sha1", 20],
  sha1: ["sha1", 20],
  md5: ["md5", 16],
  crc64nvme: ["crc64nvme", 8],
  crc32c: ["crc32c", 4],
  crc32: ["crc32", 4],
};

/** Digests in the order of what they prove. */
const strength: readonly DigestAlgorithm[] = ["sha256", "sha1", "git-sha1", "md5", "crc64nvme", "crc32c", "crc32"];

/**
 * The digests of the whole object that an answer's head states: `Repr-Digest`, `Digest`, `x-goog-hash` and, when the
 * answer is not a part of the object, `Content-Digest`, `Content-MD5` and `x-amz-checksum-*`. Strongest first; values of
 * a wrong length and unknown algorithms are left out, the first value of an algorithm counts.
 */
export function headerDigests(headers: Headers, partial: boolean): Digest[] {
  const found: (Digest | undefined)[] = [
    ...dictionary(headers["repr-digest"]),
    ...pairs(headers["digest"]),
    ...pairs(headers["x-goog-hash"]),
  ];
  if (!partial) {
    found.push(...dictionary(headers["content-digest"]), full("md5", headers["content-md5"]), ...amazon(headers));
  }
  return strongestFirst(found.filter((digest) => digest !== undefined));
}

/** Orders digests by what they prove and keeps the first of each kind and algorithm. */
export function strongestFirst(digests: readonly Digest[]): Digest[] {
  const kept = new Map<string, Digest>();
  for (const digest of digests) {
    const name = `${digest.kind} ${digest.algorithm}`;
    if (!kept.has(name)) kept.set(name, digest);
  }
  return [...kept.values()].sort((left, right) => strength.indexOf(left.algorithm) - strength.indexOf(right.algorithm));
}

/** A structured dictionary of byte sequences: `sha-256=:BASE64:, md5=:BASE64:`. */
function dictionary(value: string | undefined): (Digest | undefined)[] {
  const members = value?.matchAll(/([a-z0-9-]+)\s*=\s*:([A-Za-z0-9+/]*={0,2}):/gi) ?? [];
  return [...members].map(([, name = "", encoded]) => full(name, encoded));
}

/** The older form: `SHA-256=BASE64,crc32c=BASE64`. */
function pairs(value: string | undefined): (Digest | undefined)[] {
  const members = value?.matchAll(/(?:^|,)\s*([a-z0-9-]+)=([A-Za-z0-9+/]+={0,2})\s*(?=,|$)/gi) ?? [];
  return [...members].map(([, name = "", encoded]) => full(name, encoded));
}

function full(name: string, encoded: string | undefined): Digest | undefined {
  const [algorithm, size] = algorithms[name.toLowerCase()] ?? [];
  const value = size === undefined ? undefined : toHex(encoded, size);
  return algorithm === undefined || value === undefined
    ? undefined
    : { kind: "full", algorithm, value, confidence: "stated" };
}

function amazon(headers: Headers): (Digest | undefined)[] {
  return ["sha256", "sha1", "crc64nvme", "crc32c", "crc32"].map((name) => {
    const value = headers[`x-amz-checksum-${name}`];
    const [, encoded, count] = /^([A-Za-z0-9+/]+={0,2})-(\d{1,5})$/.exec(value ?? "") ?? [];
    if (count === undefined) return headers["x-amz-checksum-type"] === "COMPOSITE" ? undefined : full(name, value);
    const whole = full(name, encoded);
    return whole === undefined ? undefined : { ...whole, kind: "composite", partCount: Number(count) };
  });
}

function toHex(encoded: string | undefined, size: number): string | undefined {
  const bytes = Buffer.from(encoded ?? "", "base64");
  return bytes.length === size ? bytes.toString("hex") : undefined;
}
