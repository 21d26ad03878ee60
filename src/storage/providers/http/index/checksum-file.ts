import type { Digest } from "../../../digest.ts";

/** Names that a file's own checksum file can have. */
export function sidecarNames(fileName: string): string[] {
  return [`${fileName}.sha256`, `${fileName}.sha256sum`];
}

/**
 * Reads what `sha256sum` and its like write (`HEX  name`, `HEX *name`, `SHA256 (name) = HEX`, or the value alone) and gives
 * the digest of one file; undefined when there is none, or when lines contradict each other.
 */
export function readChecksumFile(content: string, fileName: string): Digest | undefined {
  const values = new Set<string>();
  for (const line of content.split(/\r?\n/)) {
    const [, value, name] = /^\\?([0-9a-f]{64})(?:\s+\*?(.+?))?\s*$/i.exec(line) ?? [];
    const [, tagName, tagValue] = /^SHA256 \((.+)\) = ([0-9a-f]{64})\s*$/i.exec(line) ?? [];
    const found = value ?? tagValue;
    const named = name ?? tagName;
    if (found === undefined) continue;
    if (named === undefined || named.split("/").at(-1) === fileName) values.add(found.toLowerCase());
  }
  const [value] = values;
  if (value === undefined || values.size > 1) return undefined;
  return { kind: "full", algorithm: "sha256", value, confidence: "stated" };
}
