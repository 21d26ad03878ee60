import type { EffectiveLimits } from "./conformance-types.ts";

/** Object names that break clients: everything that some layer between here and a store likes to decode, trim or normalise. */
export const peculiarNames: readonly string[] = [
  "with space.txt",
  " leading and trailing ",
  "two  spaces",
  "plus+sign+.bin",
  "percent%20literal",
  "%2F-encoded-slash",
  "%-alone-%%",
  "percent%2Bplus",
  "a&b=c;d,e",
  "question?mark",
  "hash#tag",
  "quote'double\"back`tick",
  "less<than>greater",
  "&amp;<Key>",
  "colon:at@tilde~",
  "star*[a]{b}",
  "dollar$^|",
  "back\\slash",
  "paren(the)ses!",
  ".hidden",
  "..two-dots..",
  "trailing.dot.",
  "-dash",
  "ünïcödé.bin",
  "composed-\u00e9",
  "decomposed-e\u0301",
  "日本語/ファイル.bin",
  "emoji-🦙.bin",
  "fullwidth-～.bin",
  "right-to-left-שלום",
  "no\u00a0break",
  "dir with space/and+plus/ünder%/file",
];

/** The names that the store can hold, one as long as it may be among them. */
export function namesWithin(limits: EffectiveLimits, prefixKey: string): string[] {
  const names = peculiarNames.filter((name) => !limits.impossibleNames.includes(name));
  if (limits.emptySegments) names.push("double//slash", "/leading-slash", "a///b");
  const longest = limits.maxKeyBytes - Buffer.byteLength(prefixKey);
  if (longest > 0) names.push(longName(longest, limits.maxSegmentBytes));
  return names;
}

/** A name of exactly `bytes` bytes, with two-byte characters, in segments of at most `segmentBytes`. */
function longName(bytes: number, segmentBytes: number): string {
  const segments: string[] = [];
  for (let left = bytes; left > 0; ) {
    let size = Math.min(left, segmentBytes);
    // A slash needs a byte of its own, and a segment behind it.
    if (left - size === 1) size -= 1;
    segments.push("é".repeat(Math.floor(size / 2)) + (size % 2 === 1 ? "x" : ""));
    left -= size + 1;
  }
  return segments.join("/");
}
