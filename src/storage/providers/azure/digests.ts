import type { Digest, DigestAlgorithm, RangeAlgorithm, RangeDigests } from "../../digest.ts";
import type { RangeDigestHeaders } from "../../read-source.ts";

export const azureDigestAlgorithms: readonly DigestAlgorithm[] = ["md5", "crc64nvme"];

/** Which digests of ranges are asked for where a blob has no MD5: the parameter `rangeChecksums`. */
export type RangeChecksums = "auto" | "crc64" | "md5" | "off";

/** The service computes digests of ranges up to this size. */
const rangeSize = 4 * 1024 * 1024;

const rangeAlgorithms: Readonly<Record<RangeChecksums, readonly RangeAlgorithm[]>> = {
  // The cheaper one first; emulators know the older one only.
  auto: ["crc64nvme", "md5"],
  crc64: ["crc64nvme"],
  md5: ["md5"],
  off: [],
};

/** Azurite's code, with status 500, and the service's for headers that a version of it does not know. */
const unknown = { header: "x-ms-error-code", values: ["FeatureNotSupported", "UnsupportedHeader"] } as const;

/**
 * How a read asks for the digest of its range (Get Blob, https://learn.microsoft.com/rest/api/storageservices/get-blob). The
 * service's CRC64 is CRC-64/NVME, told with its least significant byte first.
 */
export const rangeDigestHeaders: Readonly<Record<RangeAlgorithm, RangeDigestHeaders>> = {
  crc64nvme: {
    ask: { "x-ms-range-get-content-crc64": "true" },
    answer: "x-ms-content-crc64",
    encoding: "base64-little-endian",
    unknown,
  },
  md5: { ask: { "x-ms-range-get-content-md5": "true" }, answer: "content-md5", encoding: "base64", unknown },
};

/** What reads can be proven by where nothing is stored with the blob. */
export function rangeDigestsOf(choice: RangeChecksums): readonly RangeDigests[] {
  return rangeAlgorithms[choice].map((algorithm) => ({ algorithm, rangeSize }));
}

/**
 * The MD5 that is stored with a blob. The service computes it for uploads in one request only; on others it is what the
 * uploader said, or nothing.
 */
export function digestsOf(contentMd5: Uint8Array | undefined): readonly Digest[] {
  if (contentMd5?.length !== 16) return [];
  return [{ kind: "full", algorithm: "md5", value: Buffer.from(contentMd5).toString("hex"), confidence: "stated" }];
}
