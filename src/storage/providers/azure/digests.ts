import type { Digest, DigestAlgorithm } from "../../digest.ts";

export const azureDigestAlgorithms: readonly DigestAlgorithm[] = ["md5"];

/**
 * The MD5 that is stored with a blob. The service computes it for uploads in one request only; on others it is what the
 * uploader said, or nothing.
 */
export function digestsOf(contentMd5: Uint8Array | undefined): readonly Digest[] {
  if (contentMd5?.length !== 16) return [];
  return [{ kind: "full", algorithm: "md5", value: Buffer.from(contentMd5).toString("hex"), confidence: "stated" }];
}
