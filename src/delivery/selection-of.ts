import type { SelectionRules } from "../models/selection-rules.ts";
import { commonParameters } from "../storage/common-parameters.ts";
import type { DeliveryPlace } from "./delivery-types.ts";

const selectionParameters = commonParameters.pick({ include: true, exclude: true, weights: true }).strip();

/** The selection of a request: what it says itself, then what the parameters of its source say, then everything. */
export function selectionOf({
  source,
  selection = {},
}: Partial<Pick<DeliveryPlace, "source" | "selection">>): SelectionRules {
  const parameters = source === undefined || "client" in source ? {} : (source.parameters ?? {});
  // Wrong parameters are refused, with their names, when the source is opened.
  const given = selectionParameters.safeParse(parameters).data ?? {};
  return {
    include: selection.include ?? given.include ?? [],
    exclude: selection.exclude ?? given.exclude ?? [],
    weights: selection.weights ?? given.weights ?? "all",
  };
}
