import type { CompositeDigest, Digest } from "../../storage/digest.ts";
import { candidatePartSizes } from "../digest/part-size.ts";
import type { PartSizeExperience } from "./part-size-experience.ts";

/**
 * What else the bytes on disk can be held against, once a composite digest did not match under a part size that was assumed:
 * digests of the whole, which decide the matter, then the other part sizes that the object may have been uploaded in. One after the
 * other, and each costs a look at the staged file; nothing is fetched.
 */
export class OtherProofs {
  /** CRCs of the units as they arrived, by the plan that failed. */
  readonly units: readonly string[];
  /** Stated digests of the whole: when one of them does not match either, the bytes are wrong. */
  readonly decisive: readonly Digest[];
  readonly #left: (readonly Digest[])[];

  /** `size` of the file, and what other files of the transfer taught. */
  constructor(
    digests: readonly Digest[],
    failed: CompositeDigest,
    size: number,
    units: readonly string[],
    experience: PartSizeExperience,
  ) {
    this.units = units;
    const whole = digests.filter((digest) => digest.kind === "full");
    this.decisive = whole.filter(({ confidence }) => confidence === "stated");
    const sizes = candidatePartSizes(size, failed.partCount, failed.likelyPartSizes).slice(1);
    const guesses =
      this.decisive.length > 0 ? [] : experience.choose(sizes).map((partSize) => [{ ...failed, partSize }]);
    this.#left = [...whole.map((digest) => [digest]), ...guesses];
  }

  /** What to compare next; undefined when nothing is left. */
  next(): readonly Digest[] | undefined {
    return this.#left.shift();
  }
}
