/** Files for which no part size matched before nobody looks for one any more. */
const patience = 2;

/**
 * What a transfer has learned about the part sizes of its files: those of one uploader are mostly alike, and a service whose
 * digests never match any of them has other digests than it seems to.
 */
export class PartSizeExperience {
  readonly #matched: number[] = [];
  #failures = 0;

  /** A file's digest held under this part size, in bytes. */
  matched(partSize: number): void {
    if (!this.#matched.includes(partSize)) this.#matched.push(partSize);
  }

  /** No part size gave the digest of a file. */
  failed(): void {
    this.#failures += 1;
  }

  /** Those of the part sizes that are worth a look at a file, in order. */
  choose(candidates: readonly number[]): readonly number[] {
    if (this.#matched.length === 0 && this.#failures >= patience) return [];
    const known = this.#matched.filter((partSize) => candidates.includes(partSize));
    return [...known, ...candidates.filter((partSize) => !known.includes(partSize))];
  }
}
