import { StorageError } from "../../errors.ts";
import { type SelectionRules, selectionFromParameters } from "../../models/selection-rules.ts";
import { describeUri } from "../../uri/describe-uri.ts";
import type { ObjectUri } from "../../uri/object-uri.ts";

/** Stores that hold engines for several accelerators side by side, a folder for each. */
const objectStores: ReadonlySet<ObjectUri["provider"]> = new Set(["oci", "s3", "gcs", "azure"]);

/**
 * The files of a model that has engines for several accelerators: those in a folder named after `shape`. Undefined for every file,
 * when the URI leads into such a folder, when the manifest chooses files itself, or when the source is no object store.
 * Throws `config_invalid` for a machine of unknown shape.
 */
export function shapeSelection(
  uri: ObjectUri,
  shape: string,
  parameters: Readonly<Record<string, string>>,
): Partial<SelectionRules> | undefined {
  if (!objectStores.has(uri.provider) || selectionFromParameters(parameters).include.length > 0) return undefined;
  if (shape === "") {
    throw new StorageError({
      code: "config_invalid",
      operation: "choose the files of",
      target: describeUri(uri),
      detail: "TensorRT-LLM engines are built for one accelerator, and the node does not say which it has",
      hint: "Give the node the label node.kubernetes.io/instance-type, or name the files in parameters.include.",
    });
  }
  if ("key" in uri && `/${uri.key}/`.includes(`/${shape}/`)) return undefined;
  return { include: [`**/${shape.replace(/[\\*?[\]{}()!+@|,]/g, "\\$&")}/**`] };
}
