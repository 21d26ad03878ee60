/** What keeps a model from being whole. */
export interface Defect {
  /** The file, below the model's directory; for a missing shard its own path. */
  readonly path: string;
  readonly kind: DefectKind;
  /** What is wrong, as a sentence about the file without its name. */
  readonly detail: string;
  /** The source itself has it so: fetching again brings the same bytes. */
  readonly upstream: boolean;
}

/**
 * `missing`: an index or the numbers of its neighbours name it. `empty`: weights or JSON of no bytes. `lfs_pointer`: the
 * pointer of Git LFS instead of the file. `error_page`: HTML or XML where weights or JSON belong. `not_json`: it does not
 * parse. `bad_structure`: its own header contradicts it.
 */
export type DefectKind = "missing" | "empty" | "lfs_pointer" | "error_page" | "not_json" | "bad_structure";

/** A shard that an index names and the user's selection leaves out. */
export interface ExcludedShard {
  readonly path: string;
  /** The index, or `its neighbours' numbers`. */
  readonly namedBy: string;
}

export interface CompletenessReport {
  /** In the order of paths; empty when the model is whole. */
  readonly defects: readonly Defect[];
  /** Named as "excluded by selection"; no defects. */
  readonly excluded: readonly ExcludedShard[];
}
