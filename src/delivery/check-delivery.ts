import { checkFiles } from "../store/check-files.ts";
import { nodeFileSystem as fileSystem } from "../store/file-system.ts";
import { type Proof, readProof } from "../store/proof.ts";
import { readPublicationList } from "../store/publication-list.ts";
import { stagedBytes } from "../store/staging.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import { isSameRequest } from "./assess-destination.ts";
import type { DeliveryPlace } from "./delivery-types.ts";
import { selectionOf } from "./selection-of.ts";

export interface CheckDeliveryRequest extends Pick<DeliveryPlace, "selection" | "signal"> {
  /** Absolute directory of the model. */
  readonly destination: string;
  /** What the model has to have been delivered from. */
  readonly uri: ObjectUri;
}

/** What the destination says of itself, without asking the source. */
export type DeliveryState =
  | { readonly state: "proven"; readonly proof: Proof }
  | {
      readonly state: "needed";
      /** Files of ours, whole or not, lie there. */
      readonly placed: boolean;
      /** Why a model that was proven no longer is, as a sentence part; absent when it never was. */
      readonly damage?: string | undefined;
    };

/**
 * The fast check of a start: whether there is a proof for this URI and selection, and every file is as it was proven. Asks
 * no network and reads no file's content; ten thousand files take well under a second.
 */
export async function checkDelivery(request: CheckDeliveryRequest): Promise<DeliveryState> {
  const { destination, uri, signal } = request;
  const proof = await readProof(destination, fileSystem);
  if (proof === undefined) {
    const unfinished = (await readPublicationList(destination, fileSystem)).size > 0;
    return { state: "needed", placed: unfinished || (await stagedBytes(destination, fileSystem)) > 0 };
  }
  const rules = selectionOf({ selection: request.selection });
  if (!isSameRequest(proof, { uri: describeUri(uri), rules })) return { state: "needed", placed: true };
  const states = await checkFiles(destination, proof.files, { signal, fileSystem });
  const damaged = proof.files.filter(({ path }) => states.get(path) !== "intact");
  const [first] = damaged;
  if (first === undefined) return { state: "proven", proof };
  const what = states.get(first.path) === "missing" ? "is missing" : "was changed";
  const more = damaged.length > 1 ? ` and ${damaged.length - 1} more` : "";
  return { state: "needed", placed: true, damage: `${first.path} ${what}${more}` };
}
