/** Something wrong in what tells the agent its wishes. */
export interface ManifestProblem {
  /** File, or the object's name in a cluster. */
  readonly file: string;
  /** First line that it concerns, counted from 1; undefined when it concerns the whole file. */
  readonly line?: number | undefined;
  /** An error keeps a manifest from being used, a warning does not. */
  readonly severity: "error" | "warning";
  /** What is wrong and what to do, for people. */
  readonly message: string;
}
