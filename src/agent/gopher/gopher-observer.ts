import type { StorageError } from "../../errors.ts";
import type { TransferEvent } from "../../transfer/transfer-types.ts";
import type { ModelIdentity } from "../model-identity.ts";
import type { DeliveryReport } from "./model-worker.ts";

/** What happened, for those who count. */
export interface GopherObserver {
  delivered(identity: ModelIdentity, report: DeliveryReport, durationMs: number, timeToReadyMs: number): void;
  failed(identity: ModelIdentity, error: StorageError): void;
  checked(identity: ModelIdentity, ready: boolean, durationMs: number): void;
  transferEvent(identity: ModelIdentity, event: TransferEvent): void;
}
