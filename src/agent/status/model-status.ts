import type { ErrorCode } from "../../errors.ts";
import type { DownloadProgress } from "../../telemetry/progress.ts";
import type { ReadyReport } from "../gopher/model-worker.ts";
import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import type { ModelWish } from "../model-wish.ts";

export type ModelState = "Ready" | "Updating" | "Failed";

/** How one model stands on this machine. Holds no secret. */
export interface ModelStatus {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  readonly state: ModelState;
  /** What is done for it, see `ModelWish.mode`: only `deliver` writes to disk. */
  readonly mode: ModelWish["mode"];
  /** Stable CamelCase word, such as `Downloading` or `ChecksumMismatch`. */
  readonly reason: string;
  /** One or two sentences for people. */
  readonly message: string;
  /** Epoch milliseconds since when the state holds. */
  readonly since: number;
  readonly storageUri: string;
  readonly path: string;
  readonly origin: string;
  readonly keepFiles: boolean;
  /** Whether there are files of the agent's own, to be removed with the model. */
  readonly managed: boolean;
  /** Where these files are, while they are to leave: the model is wanted at `path` now. */
  readonly formerPath?: string | undefined;
  /** Only while Updating. */
  readonly progress?: DownloadProgress | undefined;
  /** Only when Ready. */
  readonly report?: ReadyReport | undefined;
  /** Only when Failed. */
  readonly error?: { readonly code: ErrorCode; readonly failures: number; readonly retryAt: number } | undefined;
}
