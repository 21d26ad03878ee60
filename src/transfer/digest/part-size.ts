const mebibyte = 1024 * 1024;

/** Part sizes that uploaders use unless they are told otherwise, likeliest first. */
const usual = [8, 16, 5, 64, 15, 10, 32, 50, 100, 128, 256, 512, 20, 25, 1024].map((count) => count * mebibyte);

/**
 * The part size of a multipart upload from the object's size and its number of parts: one of `likely` if it fits, else a
 * usual one, else the smallest whole number of MiB that does. Undefined when none fits. A guess: different part sizes can
 * give the same count.
 */
export function inferPartSize(size: number, partCount: number, likely: readonly number[] = []): number | undefined {
  if (partCount === 1) return size;
  const fits = (partSize: number): boolean => partSize > 0 && Math.ceil(size / partSize) === partCount;
  const known = [...likely, ...usual].find(fits);
  if (known !== undefined) return known;
  const least = Math.ceil(size / partCount / mebibyte) * mebibyte;
  return fits(least) ? least : undefined;
}
