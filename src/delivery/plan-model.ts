import { StorageError } from "../errors.ts";
import { filePriorities } from "../models/priority.ts";
import { type SkippedFile, selectFiles } from "../models/selection.ts";
import type { SelectionRules } from "../models/selection-rules.ts";
import type { Storage } from "../storage/storage.ts";
import { findPathConflicts, type PathConflict, pathConflictError } from "../store/path-conflicts.ts";
import { safePath } from "../store/safe-path.ts";
import { describeUri } from "../uri/describe-uri.ts";
import type { ObjectUri } from "../uri/object-uri.ts";
import type { WantedModel } from "./assess-destination.ts";
import { completeDigests } from "./complete-digests.ts";
import type { ProgressMeter } from "./progress-meter.ts";
import { scanSource } from "./scan-source.ts";

/** What the source has and the request wants, before the destination is looked at. */
export interface ModelPlan extends WantedModel {
  readonly provider: string;
  /** Set when all files name one version, as those of a repository's commit do. */
  readonly revision: string | undefined;
  readonly skipped: readonly SkippedFile[];
  /** Pairs of paths that a file system which folds names cannot hold. */
  readonly foldedConflicts: readonly PathConflict[];
}

export interface PlanOptions {
  readonly client: Storage;
  readonly uri: ObjectUri;
  readonly rules: SelectionRules;
  /** Absolute destination. */
  readonly destination: string;
  readonly meter: ProgressMeter;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists the source, selects, proves every path safe and asks for missing digests. Throws `not_found` when nothing is left
 * to deliver, `unsafe_path` for keys that cannot lie below the destination, and the storage's errors.
 */
export async function planModel({ client, uri, rules, destination, meter, signal }: PlanOptions): Promise<ModelPlan> {
  // Refuses a bad glob before the first request.
  selectFiles([], rules);
  const found = await scanSource(client, uri, { signal, onFound: (files, bytes) => meter.found(files, bytes) });
  const { selected, skipped } = selectFiles(found, rules);
  if (selected.length === 0) throw nothingSelected(uri, found.length);
  for (const { path } of selected) safePath(path, destination);
  const conflicts = findPathConflicts(selected.map(({ path }) => path));
  const impossible = conflicts.find(({ kind }) => kind !== "folded");
  if (impossible !== undefined) throw pathConflictError(impossible, describeUri(uri));
  const completed = await completeDigests(client, selected, signal);
  const priorities = filePriorities(completed);
  const files = completed.map(({ path, size, info }) => ({ path, size, info, priority: priorities.get(path) ?? 0 }));
  meter.planned(
    files.length,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  const versions = new Set(files.map(({ info }) => info.version));
  const [version] = versions;
  return {
    uri: describeUri(uri),
    provider: client.provider,
    rules,
    files,
    revision: versions.size === 1 ? version : undefined,
    skipped,
    foldedConflicts: conflicts,
  };
}

function nothingSelected(uri: ObjectUri, found: number): StorageError {
  return new StorageError({
    code: "not_found",
    operation: "select files of",
    target: describeUri(uri),
    detail: `none of its ${found} files is wanted`,
    hint: "Check the include and exclude patterns with `model-agent plan`.",
  });
}
