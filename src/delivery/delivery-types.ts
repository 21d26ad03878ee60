import type { SkippedFile } from "../models/selection.ts";
import type { SelectionRules } from "../models/selection-rules.ts";
import type { StorageClientOptions } from "../storage/create-storage-client.ts";
import type { Storage } from "../storage/storage.ts";
import type { ProofTotals } from "../store/proof.ts";
import type { Clock, Random } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { ProgressListener } from "../telemetry/progress.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import type { Placement } from "./placement.ts";
import type { TransferTuning } from "./transfer-tuning.ts";

/** Where a model is read from: a client that the caller opened and closes, or what is needed to open one. */
export type DeliverySource =
  | { readonly client: Storage; readonly uri: ObjectUri }
  | Omit<StorageClientOptions, "logger" | "clock" | "random" | "signal">;

/** What a look at a model and at its destination needs. */
export interface DeliveryPlace {
  readonly source: DeliverySource;
  /** Absolute directory of the model. */
  readonly destination: string;
  /** Absolute directory that the destination has to lie in; anywhere when absent. */
  readonly root?: string | undefined;
  /** Stands above what the source's parameters say; everything when neither says anything. */
  readonly selection?: Partial<SelectionRules> | undefined;
  /**
   * What to do with files that lie at the destination without a record of ours. `verify` (default): read them and keep
   * those that the source's digests prove. `size`: also keep those that have the right size where the source offers no
   * digest. `replace`: fetch them anew.
   */
  readonly existing?: "verify" | "size" | "replace" | undefined;
  /** Stands above the source's parameter `mode`. Anything but `copy` needs a source on the destination's own file system. */
  readonly placement?: Placement | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface DeliveryRequest extends DeliveryPlace, TransferTuning {
  /** Wait for another writer of the destination instead of failing; its proof then counts for this request too. */
  readonly wait?: boolean | undefined;
  /** See `LeaseOptions.instance`. */
  readonly instance?: string | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

export interface DeliveryResult {
  readonly destination: string;
  /** Redacted URI of the source. */
  readonly uri: string;
  readonly provider: string;
  /** Commit or other version name of the whole model, where the source has one. */
  readonly revision?: string | undefined;
  /** All files of the model, however they came here. */
  readonly totals: ProofTotals;
  /** True when the destination was proven already and nothing was done. */
  readonly unchanged: boolean;
  /** Bytes received, refetched ones included. */
  readonly fetchedBytes: number;
  /** Bytes taken over from an interrupted delivery. */
  readonly resumedBytes: number;
  /** Bytes of files that were there and proven, or found to be right. */
  readonly reusedBytes: number;
  /** Bytes that were linked from another file of the model, or from a source on this machine, instead of being fetched. */
  readonly linkedBytes: number;
  /** Files of a former delivery that the source or the selection no longer has, now removed. */
  readonly removedFiles: number;
  readonly skipped: readonly SkippedFile[];
  readonly durationMs: number;
}
