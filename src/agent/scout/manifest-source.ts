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
  /** On the first batch: models that are not wished for and that a later batch settles, so that their files stay for now. */
  readonly undecided?: readonly string[] | undefined;
  /** Models that nobody wishes for here and whose files go, if an agent brought them. */
  readonly orphans?: readonly OrphanedModel<Item>[] | undefined;
}

export interface OrphanedModel<Item extends Document> {
  readonly found: Item;
  /** Only files go that are proven to have come from this model's URI: nothing says that an agent brought it here. */
  readonly onlyProven: boolean;
}

/** Where wishes come from: a folder of manifests, or a cluster's objects. */
export interface ManifestSource<Item extends Document> {
  /**
   * Whether a manifest that turned bad leaves its last good form in effect: a person edits a file in steps, and an object of a
   * cluster is what it says.
   */
  readonly lastGoodStays: boolean;
  /** The present state, then every change, until the signal aborts. Throws only before the first batch. */
  watch(signal: AbortSignal): AsyncIterable<ManifestBatch<Item>>;
}
