import type { ModelKey } from "../model-identity.ts";
import type { ModelWish } from "../model-wish.ts";

/** What is being done for a model right now; at most one thing per model. */
export type Activity = "none" | "check" | "deliver" | "remove";

/** One model as {@link decide} sees it. */
export interface TaskView {
  readonly key: ModelKey;
  /** Order of arrival, for fairness and for who was first on a path. */
  readonly sequence: number;
  /** The newest wish; undefined when the model is to go away. */
  readonly wish: Pick<ModelWish, "path" | "fingerprint" | "content" | "priority" | "mode" | "reuse"> | undefined;
  readonly activity: Activity;
  /** Fingerprint that the running check or delivery works for. */
  readonly runningFingerprint: string | undefined;
  readonly cancelling: boolean;
  /** Fingerprint whose check found that a delivery is needed. */
  readonly checkedFingerprint: string | undefined;
  /** Fingerprint that is Ready. */
  readonly readyFingerprint: string | undefined;
  /** Directory that holds, or may hold, files of this model that we put there. */
  readonly placedPath: string | undefined;
  /** Epoch milliseconds before which nothing is tried again. */
  readonly retryAt: number | undefined;
}
