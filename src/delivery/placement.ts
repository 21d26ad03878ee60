import { StorageError } from "../errors.ts";
import { localModes } from "../storage/providers/local/parameters.ts";
import type { ParameterInput } from "../storage/validate-parameters.ts";

/** How the files of a source on this machine come to their destination; everything else is always copied. */
export type Placement = "copy" | "hard-link" | "reflink";

interface PlacementRequest {
  readonly source: object | { readonly parameters?: ParameterInput | undefined };
  readonly placement?: Placement | undefined;
}

/**
 * What the request says of it, then the parameter `mode` of its source, then `copy`.
 *
 * @throws StorageError `config_invalid` for `in-place`, which is no delivery. Wrong parameters are refused when the source is opened.
 */
export function placementOf({ source, placement }: PlacementRequest): Placement {
  if (placement !== undefined) return placement;
  const parameters = "parameters" in source ? (source.parameters ?? {}) : {};
  const mode = localModes.find((name) => name === parameters["mode"]) ?? "copy";
  if (mode !== "in-place") return mode;
  throw new StorageError({
    code: "config_invalid",
    operation: "choose how files are placed",
    target: "mode",
    detail: "in-place means that the files are used where they are, and nothing is delivered",
    hint: "Name the source's own directory where the model is used, or choose copy, hard-link or reflink.",
  });
}
