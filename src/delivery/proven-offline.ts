import { isStorageError } from "../errors.ts";
import type { SelectionRules } from "../models/selection-rules.ts";
import type { Proof } from "../store/proof.ts";
import { silentLogger } from "../telemetry/logger.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { checkDelivery } from "./check-delivery.ts";
import type { DeliveryPlace } from "./delivery-types.ts";

export interface OfflineQuestion extends Pick<DeliveryPlace, "signal" | "logger"> {
  readonly destination: string;
  readonly uri: ObjectUri;
  readonly rules: SelectionRules;
}

/**
 * The proof of what lies at a destination, for a source that may not be asked because its own settings forbid it
 * (`HF_HUB_OFFLINE`). A source that merely fails is another matter: then nobody knows whether there is something newer.
 *
 * Rethrows the source's error when it is another one, or when nothing is proven for this request.
 */
export async function provenOffline(error: unknown, question: OfflineQuestion): Promise<Proof> {
  const { destination, uri, rules, signal, logger = silentLogger } = question;
  if (!isStorageError(error) || error.code !== "unavailable" || error.retry !== "permanent") throw error;
  const found = await checkDelivery({ destination, uri, selection: rules, signal });
  if (found.state !== "proven") throw error;
  logger.warn({ destination, reason: error.detail }, "the source may not be asked: what was proven before is used");
  return found.proof;
}
