import type { ModelIdentity, ModelKey } from "./model-identity.ts";

/** What one manifest wants of this machine, resolved: the gopher needs nothing else to act. */
export interface ModelWish {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  /**
   * `deliver`: bring the files to `path`. `present`: the files are somebody else's (`local://`); they have to be there.
   * `external`: nothing on disk is involved (`vendor://`).
   */
  readonly mode: "deliver" | "present" | "external";
  /** Storage URI as the manifest has it. */
  readonly storageUri: string;
  /** The same, fit for logs and status pages. */
  readonly displayUri: string;
  /** Absolute directory. Empty in mode `external`. */
  readonly path: string;
  /** Provider parameters; may hold secrets. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly weights: "all" | "auto";
  /** Files stay when the model is deleted. */
  readonly keepFiles: boolean;
  /** Higher goes first. */
  readonly priority: number;
  /** Changes exactly when something else has to be done: other bytes, another place, other credentials. */
  readonly fingerprint: string;
  /** Equal for wishes that lead to equal files, wherever they go and whoever asks. */
  readonly content: string;
  /** Where the wish was said, such as `models.yaml:12`. */
  readonly origin: string;
}
