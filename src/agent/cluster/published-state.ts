import { defaultRetry } from "../../errors.ts";
import type { ModelState, ModelStatus } from "../status/model-status.ts";

/** What the cluster is told of a model. */
export interface PublishedState {
  readonly state: ModelState;
  /** Ready by the word of an agent before this one, as long as nothing was found that contradicts it. */
  readonly onTrust: boolean;
}

/** Reasons of a model whose files are there and are being verified. */
const verifying: ReadonlySet<string> = new Set(["Adopting", "Resolving", "Verifying"]);

/**
 * What to tell next. Workloads are placed by this word, so it does not move for nothing: a model that a former agent brought stays
 * Ready while its files are verified for the first time, and a failed one stays Failed while it is only being tried again.
 */
export function stateToPublish(former: PublishedState | undefined, status: ModelStatus): PublishedState {
  const { state, reason, error } = status;
  if (state === "Ready") return { state, onTrust: false };
  if (former?.onTrust === true) {
    const nothingFound =
      state === "Updating" ? verifying.has(reason) : error !== undefined && defaultRetry(error.code) === "temporary";
    if (nothingFound && error?.code !== "checksum_mismatch") return former;
  }
  if (state === "Updating" && reason === "Resolving" && former?.state === "Failed") return former;
  return { state, onTrust: false };
}
