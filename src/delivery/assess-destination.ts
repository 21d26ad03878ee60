import { basename, dirname, join } from "node:path";
import type { SelectionRules } from "../models/selection-rules.ts";
import { checkFiles } from "../store/check-files.ts";
import { diskError } from "../store/disk-error.ts";
import type { FileRecord } from "../store/file-record.ts";
import { type FileSystem, isMissing } from "../store/file-system.ts";
import { forEachParallel } from "../store/for-each-parallel.ts";
import { type Proof, readProof } from "../store/proof.ts";
import { readPublicationList } from "../store/publication-list.ts";
import type { DeliveryPlace } from "./delivery-types.ts";
import { isSameContent, type PlannedFile } from "./planned-file.ts";

/**
 * What has to be done for one file. `proven`: nothing. `recheck`: we brought it, but it was touched since; its units tell.
 * `adopt`: somebody else brought a file of this size; the source's digests tell. `fetch`: everything else.
 */
export type FileTask =
  | { readonly file: PlannedFile; readonly todo: "proven" | "recheck"; readonly record: FileRecord }
  | { readonly file: PlannedFile; readonly todo: "adopt" }
  | { readonly file: PlannedFile; readonly todo: "fetch" };

/** The destination compared with the plan, by a look at every file and without reading any. */
export interface Assessment {
  readonly tasks: readonly FileTask[];
  /** Files that we brought earlier and that the plan no longer has. */
  readonly obsolete: readonly FileRecord[];
  readonly proof: Proof | undefined;
  /** True when the proof on disk proves exactly this plan: nothing has to be done or written. */
  readonly complete: boolean;
}

/** The part of a plan that the destination is compared with. */
export interface WantedModel {
  /** Redacted URI of the source. */
  readonly uri: string;
  readonly rules: SelectionRules;
  readonly files: readonly PlannedFile[];
}

const parallelStats = 32;

/** Compares; reads the proof and the list of publications, and stats every file. Changes nothing. */
export async function assessDestination(
  destination: string,
  wanted: WantedModel,
  fileSystem: FileSystem,
  { existing = "verify", signal }: Pick<DeliveryPlace, "existing" | "signal">,
): Promise<Assessment> {
  const proof = await readProof(destination, fileSystem);
  const publications = await readPublicationList(destination, fileSystem);
  const records = new Map<string, FileRecord>();
  for (const record of proof?.files ?? []) records.set(record.path, record);
  for (const record of publications.values()) records.set(record.path, record);

  const kept = wanted.files.flatMap((file) => {
    const record = records.get(file.path);
    return record !== undefined && isSameContent(file, record) ? [record] : [];
  });
  const states = await checkFiles(destination, kept, { signal, fileSystem });
  const tasks: FileTask[] = [];
  const unknown: PlannedFile[] = [];
  for (const file of wanted.files) {
    const record = records.get(file.path);
    const state = states.get(file.path);
    if (record !== undefined && state === "intact") tasks.push({ file, record, todo: "proven" });
    else if (record !== undefined && state === "changed") tasks.push({ file, record, todo: "recheck" });
    else if (existing !== "replace" && !records.has(file.path)) unknown.push(file);
    else tasks.push({ file, todo: "fetch" });
  }
  const names = await namesBelow(destination, unknown, fileSystem);
  await forEachParallel(
    unknown,
    parallelStats,
    async (file) => {
      const adoptable = existing === "size" || file.info.digests.length > 0;
      const there = names.get(dirname(file.path))?.has(basename(file.path)) ?? true;
      const found = adoptable && there && (await hasSize(fileSystem, join(destination, file.path), file.size));
      tasks.push({ file, todo: found ? "adopt" : "fetch" });
    },
    signal,
  );
  const planned = new Set(wanted.files.map(({ path }) => path));
  const obsolete = [...records.values()].filter(({ path }) => !planned.has(path));
  const complete =
    proof !== undefined &&
    publications.size === 0 &&
    obsolete.length === 0 &&
    tasks.every(({ todo }) => todo === "proven") &&
    isSameRequest(proof, wanted);
  return { tasks, obsolete, proof, complete };
}

/** Whether a proof was made for this source and this selection. */
export function isSameRequest({ request }: Proof, { uri, rules }: Pick<WantedModel, "uri" | "rules">): boolean {
  return (
    request.uri === uri &&
    request.weights === rules.weights &&
    JSON.stringify(request.include) === JSON.stringify(rules.include) &&
    JSON.stringify(request.exclude) === JSON.stringify(rules.exclude)
  );
}

/**
 * What lies in the directories that files would go to: a new model of thousands of files need not be looked for file by file. A
 * directory that cannot be listed is left out: its files may be looked at all the same.
 */
async function namesBelow(
  destination: string,
  files: readonly PlannedFile[],
  fileSystem: FileSystem,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const names = new Map<string, ReadonlySet<string>>();
  for (const directory of new Set(files.map(({ path }) => dirname(path)))) {
    try {
      names.set(directory, new Set(await fileSystem.readdir(join(destination, directory))));
    } catch (error) {
      if (isMissing(error)) names.set(directory, new Set());
    }
  }
  return names;
}

async function hasSize(fileSystem: FileSystem, path: string, size: number): Promise<boolean> {
  try {
    const found = await fileSystem.lstat(path);
    return found.isFile() && found.size === size;
  } catch (error) {
    if (isMissing(error)) return false;
    throw diskError(error, "check", path);
  }
}
