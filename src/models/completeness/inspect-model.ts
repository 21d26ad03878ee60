import { parseLooseJson } from "../configuration/loose-json.ts";
import type { ModelDirectory, ModelFile } from "../model-directory.ts";
import { indexedFormatOf, weightFormatOf } from "../weight-format.ts";
import type { CompletenessReport, Defect, ExcludedShard } from "./completeness-report.ts";
import { foreignContent, sniffedBytes } from "./foreign-content.ts";
import { safetensorsDefect, safetensorsHeaderLength } from "./safetensors-header.ts";
import { missingNumberedShards, shardsOfIndex } from "./shard-names.ts";

export interface InspectOptions {
  /** Files of the source that the user's selection left out. */
  readonly excluded?: ReadonlySet<string> | undefined;
  /** Whether a file's digest was checked against its source; a broken file is then broken at the source. */
  readonly proven?: ((path: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** JSON files that a server cannot do without, when they are there. */
const essentialJson =
  /(?:^|\/)(?:config|model_index|generation_config|tokenizer_config|tokenizer|special_tokens_map|added_tokens|preprocessor_config|processor_config|adapter_config|scheduler_config|params)\.json$/;

/** JSON above this many bytes is not parsed, only its two ends are looked at; an index is always parsed. */
const parsedJson = 8 << 20;
/** An index names every tensor once; the largest known ones are a few MiB. */
const largestIndex = 64 << 20;

/** Files that are looked at together: few enough that their headers and indexes fit in memory. */
const parallelFiles = 8;

interface Inspection {
  readonly directory: ModelDirectory;
  readonly files: ReadonlyMap<string, ModelFile>;
  readonly excluded: ReadonlySet<string>;
  readonly proven: (path: string) => boolean;
  readonly defects: Map<string, Defect>;
  readonly excludedShards: Map<string, ExcludedShard>;
  /** Shards that an index vouches for. */
  readonly indexed: Set<string>;
}

/**
 * Looks for what a digest cannot see: shards that are not there, pointers and error pages in the place of files, headers
 * that contradict their file. Reads the beginnings of files, headers and JSON; never whole weights.
 *
 * Throws what the directory throws, and the signal's reason.
 */
export async function inspectModel(
  directory: ModelDirectory,
  options: InspectOptions = {},
): Promise<CompletenessReport> {
  const files = [...(await directory.list())].sort((a, b) => (a.path < b.path ? -1 : 1));
  const inspection: Inspection = {
    directory,
    files: new Map(files.map((file) => [file.path, file])),
    excluded: options.excluded ?? new Set(),
    proven: options.proven ?? (() => false),
    defects: new Map(),
    excludedShards: new Map(),
    indexed: new Set(),
  };
  const queue = files.values();
  const runner = async (): Promise<void> => {
    for (const file of queue) {
      options.signal?.throwIfAborted();
      await inspectFile(inspection, file);
    }
  };
  await Promise.all(Array.from({ length: parallelFiles }, runner));
  const free = files.map(({ path }) => path).filter((path) => !inspection.indexed.has(path));
  for (const path of missingNumberedShards(free)) {
    if (!inspection.indexed.has(path)) reportMissing(inspection, path, "its neighbours' numbers");
  }
  const defects = [...inspection.defects.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { defects, excluded: [...inspection.excludedShards.values()] };
}

async function inspectFile(inspection: Inspection, file: ModelFile): Promise<void> {
  const { path, size } = file;
  const format = weightFormatOf(path);
  const index = indexedFormatOf(path) !== undefined;
  const json = index || essentialJson.test(path);
  const expectsContent = format !== undefined || json;
  if (size === 0) {
    if (expectsContent) report(inspection, path, "empty", "is empty");
    return;
  }
  if (!expectsContent && size > sniffedBytes) return;
  const head = await inspection.directory.read(path, 0, Math.min(size, sniffedBytes));
  const foreign = foreignContent(head);
  if (foreign?.kind === "lfs_pointer") {
    // The listing gave the pointer's size, so this is what the source holds.
    inspection.defects.set(path, { path, ...foreign, upstream: true });
  } else if (foreign !== undefined && expectsContent && !path.endsWith(".xml")) {
    report(inspection, path, foreign.kind, foreign.detail);
  } else if (index) {
    await inspectIndex(inspection, file);
  } else if (json) {
    await inspectJson(inspection, file);
  } else if (format === "safetensors") {
    await inspectSafetensors(inspection, file, head);
  } else if (path.toLowerCase().endsWith(".gguf") && !startsWith(head, "GGUF")) {
    report(inspection, path, "bad_structure", "is no GGUF file: it does not begin with GGUF");
  }
}

async function inspectSafetensors(inspection: Inspection, { path, size }: ModelFile, head: Uint8Array): Promise<void> {
  const header = safetensorsHeaderLength(head.subarray(0, 8), size);
  const defect =
    "defect" in header
      ? header.defect
      : safetensorsDefect(await inspection.directory.read(path, 8, header.length), size - 8 - header.length);
  if (defect !== undefined) report(inspection, path, "bad_structure", defect);
}

async function inspectIndex(inspection: Inspection, { path, size }: ModelFile): Promise<void> {
  if (size > largestIndex) {
    report(inspection, path, "bad_structure", `has ${size} bytes, too many for an index`);
    return;
  }
  const shards = shardsOfIndex(await readText(inspection, path, size), path);
  if (typeof shards === "string") {
    report(inspection, path, shards === "is not a JSON object" ? "not_json" : "bad_structure", shards);
    return;
  }
  for (const shard of shards) {
    inspection.indexed.add(shard);
    if (!inspection.files.has(shard)) reportMissing(inspection, shard, path);
  }
}

async function inspectJson(inspection: Inspection, { path, size }: ModelFile): Promise<void> {
  if (size > parsedJson) {
    const tail = await inspection.directory.read(path, size - 64, 64);
    if (!Buffer.from(tail).toString("latin1").trimEnd().endsWith("}")) {
      report(inspection, path, "not_json", "is cut off: its JSON does not end");
    }
    return;
  }
  try {
    parseLooseJson(await readText(inspection, path, size), path);
  } catch {
    report(inspection, path, "not_json", "is not a JSON object");
  }
}

async function readText({ directory }: Inspection, path: string, size: number): Promise<string> {
  return Buffer.from(await directory.read(path, 0, size))
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

function report(inspection: Inspection, path: string, kind: Defect["kind"], detail: string): void {
  inspection.defects.set(path, { path, kind, detail, upstream: inspection.proven(path) });
}

function reportMissing(inspection: Inspection, path: string, namedBy: string): void {
  if (inspection.excluded.has(path)) inspection.excludedShards.set(path, { path, namedBy });
  else inspection.defects.set(path, { path, kind: "missing", detail: `is missing, by ${namedBy}`, upstream: false });
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString("latin1") === text;
}
