import { inspectModel } from "../models/completeness/inspect-model.ts";
import { requireComplete } from "../models/completeness/require-complete.ts";
import type { FileRecord } from "../store/file-record.ts";
import type { FileSystem } from "../store/file-system.ts";
import { removeFiles } from "../store/remove-files.ts";
import { filesOnDisk } from "./files-on-disk.ts";
import type { ModelPlan } from "./plan-model.ts";

export interface CompletenessOptions {
  readonly destination: string;
  readonly plan: ModelPlan;
  readonly records: ReadonlyMap<string, FileRecord>;
  /** First bytes of files, by path, where they are known. */
  readonly heads: ReadonlyMap<string, string>;
  readonly fileSystem: FileSystem;
  readonly signal: AbortSignal;
}

/**
 * Checks that the files on disk make a whole model. Throws `incomplete_model`; files that are broken and that no digest of
 * the source vouches for are removed before, so that the next delivery fetches them anew.
 */
export async function checkCompleteness(options: CompletenessOptions): Promise<void> {
  const { destination, plan, records, heads, fileSystem, signal } = options;
  const report = await inspectModel(filesOnDisk(destination, plan.files, fileSystem, heads), {
    excluded: new Set(plan.skipped.map(({ path }) => path)),
    proven: (path) => records.get(path)?.verification.by === "source",
    signal,
  });
  const doubtful = report.defects.filter(({ path, upstream }) => !upstream && records.has(path));
  await removeFiles(
    destination,
    doubtful.map(({ path }) => path),
    fileSystem,
  );
  requireComplete(report, plan.uri);
}
