const mebibyte = 1024 * 1024;

/** Part sizes that uploaders use unless they are told otherwise, likeliest first. */
const usual = [
  ...[8, 16, 5, 64, 15, 10, 32, 50, 100, 128, 256, 512, 20, 25, 1024].map((count) => count * mebibyte),
  // Of those who count in powers of ten.
  ...[10, 100, 5, 8, 16, 50].map((count) => count * 1_000_000),
];

/** Part sizes that are worth computing a file's digest for; each costs a look at every byte of it. */
const maxCandidates = 12;

/**
 * Part sizes that a multipart upload of `partCount` parts may have had, likeliest first, from the object's size: those of
 * `likely` that fit, usual ones, then whole numbers of MiB from the smallest on. Different part sizes can give the same count.
 */
export function candidatePartSizes(
  size: number,
  partCount: number,
  likely: readonly number[] = [],
  limit = maxCandidates,
): readonly number[] {
  if (partCount === 1) return [size];
  const fits = (partSize: number): boolean => partSize > 0 && Math.ceil(size / partSize) === partCount;
  const found = new Set([...likely, ...usual].filter(fits).slice(0, limit));
  const least = Math.ceil(size / partCount / mebibyte) * mebibyte;
  for (let partSize = least; found.size < limit && fits(partSize); partSize += mebibyte) found.add(partSize);
  return [...found];
}

/** The likeliest of {@link candidatePartSizes}: a guess. Undefined when none fits. */
export function inferPartSize(size: number, partCount: number, likely: readonly number[] = []): number | undefined {
  return candidatePartSizes(size, partCount, likely, 1)[0];
}
