import type { Document } from "./folder-state.ts";
import type { ManifestProblem } from "./manifest-problem.ts";

/** Changes of what is wished for, taken in together. */
export interface ManifestBatch<Item extends Document> {
  readonly changed: readonly Item[];
  /** Keys of models that are no longer wished for. */
  readonly gone: readonly string[];
  /** Every problem that stands now; undefined when they are the same as in the batch before. */
  readonly problems: readonly ManifestProblem[] | undefined;
  /**
   * On the first batch, which holds everything that is wished for: whether it is certain that what it does not hold is not
   * wished for. An empty folder and a file with problems are no such certainty.
   */
  readonly complete: boolean;
}

/** Where wishes come from: a folder of manifests, or a cluster's objects. */
export interface ManifestSource<Item extends Document> {
  /** The present state, then every change, until the signal aborts. Throws only before the first batch. */
  watch(signal: AbortSignal): AsyncIterable<ManifestBatch<Item>>;
}
