import { createHash } from "node:crypto";

/** 32 hexadecimal digits that look like the MD5 and are not, as on objects encrypted with KMS or a customer's key. */
export function opaqueEtag(md5: Uint8Array): string {
  return createHash("sha256").update("opaque").update(md5).digest("hex").slice(0, 32);
}
