import type { ProgressListener } from "../../telemetry/progress.ts";
import type { TransferEvent } from "../../transfer/transfer-types.ts";
import type { ModelWish } from "../model-wish.ts";

/** What is on disk of a model that is Ready. */
export interface ReadyReport {
  readonly files: number;
  readonly bytes: number;
  /** Files whose content was proven by a digest of the source; the others by size and structure only. */
  readonly filesVerifiedBySource: number;
}

export type CheckOutcome =
  | { readonly state: "ready"; readonly report: ReadyReport }
  /**
   * A delivery is needed. `placed`: files of ours, whole or not, lie there. `foreign`: files of somebody else do. `damage`: why a
   * model that was proven no longer is.
   */
  | {
      readonly state: "needed";
      readonly placed: boolean;
      readonly foreign?: boolean | undefined;
      readonly damage?: string | undefined;
    };

export interface DeliveryReport extends ReadyReport {
  readonly fetchedBytes: number;
  readonly resumedBytes: number;
}

export interface DeliveryWatch {
  readonly onProgress: ProgressListener;
  readonly onEvent: (event: TransferEvent) => void;
}

/** What the gopher has done for it: looking, bringing and taking away. Every method settles within a second of its abort. */
export interface ModelWorker {
  /** Whether the wish is fulfilled on disk. Moves no bytes. Throws for a wish that cannot be fulfilled. */
  check(wish: ModelWish, signal: AbortSignal): Promise<CheckOutcome>;
  /** Fulfils a wish of mode `deliver`. */
  deliver(wish: ModelWish, watch: DeliveryWatch, signal: AbortSignal): Promise<DeliveryReport>;
  /**
   * Removes the model's directory, finished or not. Succeeds when there is nothing. With `onlyFrom` it removes a directory
   * only if it is proven to have come from that redacted URI.
   */
  remove(path: string, signal: AbortSignal, onlyFrom?: string): Promise<void>;
}
