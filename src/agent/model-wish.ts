import type { StorageError } from "../errors.ts";
import type { SelectionRules } from "../models/selection-rules.ts";
import type { ModelIdentity, ModelKey } from "./model-identity.ts";

/** What one manifest wants of this machine, resolved: the gopher needs nothing else to act. */
export interface ModelWish {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  /**
   * `deliver`: bring the files to `path`. `present`: the files are somebody else's (`local://`); they have to be there.
   * `external`: nothing on disk is involved (`vendor://`). `refused`: it cannot be fulfilled, for the reason in `refusal`.
   */
  readonly mode: "deliver" | "present" | "external" | "refused";
  readonly refusal?: StorageError | undefined;
  /** Storage URI as the manifest has it. */
  readonly storageUri: string;
  /** The same, fit for logs and status pages. */
  readonly displayUri: string;
  /** Absolute directory. Empty in mode `external`. */
  readonly path: string;
  /** Directory that `path` has to lie in, symbolic links resolved; what lies outside is never written or removed. */
  readonly root: string;
  /** Provider parameters; may hold secrets. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Stands above what the parameters say of the files wanted. */
  readonly selection?: Partial<SelectionRules> | undefined;
  /** Files of equal content that another model has on this machine may serve this one too. */
  readonly reuse: boolean;
  /** An agent before this one put the model here, as the cluster's records say: what lies at `path` is the model's. */
  readonly inherited: boolean;
  /** Secret that holds the credentials. */
  readonly secret: { readonly namespace: string; readonly name: string } | undefined;
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
