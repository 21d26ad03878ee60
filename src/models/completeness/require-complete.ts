import { StorageError } from "../../errors.ts";
import type { CompletenessReport, Defect, DefectKind } from "./completeness-report.ts";

/** Defects that one message names; the rest is counted. */
const named = 3;

const hints: Readonly<Record<DefectKind, string>> = {
  missing: "Add the file to the source; if it is not needed, exclude the index that names it.",
  empty: "Upload the file to the source again.",
  lfs_pointer: "Run `git lfs pull` in the checkout that was copied, and upload the real files.",
  error_page: "Check the address, and whether the source wants a login.",
  not_json: "Fetch the model again; if that does not help, correct the file at its source.",
  bad_structure: "Fetch the model again; if that does not help, upload the file to the source again.",
};

const upstreamHint =
  "Choose another revision, or upload the file to the source again; fetching it again brings the same bytes.";

/**
 * Throws `incomplete_model` when a report has defects: the first few files with what is wrong, and the next step for the
 * first. A file whose digest was right is called broken upstream, at its source. `target` names the model, redacted.
 */
export function requireComplete({ defects }: CompletenessReport, target: string): void {
  const [first] = defects;
  if (first === undefined) return;
  const shown = defects.slice(0, named).map(describe).join("; ");
  const more = defects.length > named ? `; and ${defects.length - named} more files` : "";
  const fixedUpstream = first.upstream && first.kind !== "lfs_pointer";
  throw new StorageError({
    code: "incomplete_model",
    operation: "check model",
    target,
    detail: `${shown}${more}`,
    hint: fixedUpstream ? upstreamHint : hints[first.kind],
  });
}

function describe({ path, detail, upstream }: Defect): string {
  return `${path} ${detail}${upstream ? " (upstream: the source itself has it so)" : ""}`;
}
