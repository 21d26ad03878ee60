import { StorageError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { checkFiles } from "../store/check-files.ts";
import { type FileRecord, recordOf } from "../store/file-record.ts";
import type { FileSystem } from "../store/file-system.ts";
import type { Lease } from "../store/lease.ts";
import { type PathConflict, pathConflictError } from "../store/path-conflicts.ts";
import { probeFolding } from "../store/probe-folding.ts";
import { withdrawProof } from "../store/proof.ts";
import { openPublicationList, type PublicationList } from "../store/publication-list.ts";
import { createPublisher, type PublishedFile } from "../store/publishing.ts";
import { removeFiles } from "../store/remove-files.ts";
import { claimStaging } from "../store/staging.ts";
import { transfer } from "../transfer/transfer.ts";
import type { TransferResult, TransferTarget } from "../transfer/transfer-types.ts";
import type { Assessment } from "./assess-destination.ts";
import { checkExisting } from "./check-existing.ts";
import { confirmDigests } from "./confirm-digests.ts";
import { placeFiles } from "./place-files.ts";
import type { Placement } from "./placement.ts";
import { originOf, type PlannedFile } from "./planned-file.ts";
import type { ProgressMeter } from "./progress-meter.ts";
import { divideByContent, publishShared, type SharedFile } from "./share-content.ts";
import { requireSpace, spaceNeeded } from "./space-needed.ts";
import { transferRequests } from "./transfer-source.ts";
import type { EngineSettings } from "./transfer-tuning.ts";

export interface ModelWriterOptions {
  readonly client: Storage;
  readonly destination: string;
  readonly assessment: Assessment;
  readonly lease: Lease;
  readonly fileSystem: FileSystem;
  readonly meter: ProgressMeter;
  readonly signal: AbortSignal;
  /** Paths that a file system which folds names cannot hold. */
  readonly foldedConflicts: readonly PathConflict[];
  readonly transfer: EngineSettings;
  readonly placement: Placement;
}

/** Where the bytes of a written model came from. */
export interface WrittenBytes {
  readonly fetchedBytes: number;
  readonly resumedBytes: number;
  readonly reusedBytes: number;
  readonly linkedBytes: number;
}

/**
 * Makes a destination hold every file of an assessed plan. A former proof is withdrawn before the first file under a final
 * name changes; what is published meanwhile is in the list of publications.
 */
export class ModelWriter {
  readonly #options: ModelWriterOptions;
  readonly #list: PublicationList;
  readonly #planned: ReadonlyMap<string, PlannedFile>;
  readonly #records = new Map<string, FileRecord>();
  readonly #heads = new Map<string, string>();
  #withdrawn = false;
  #removedFiles = 0;

  private constructor(options: ModelWriterOptions, list: PublicationList) {
    this.#options = options;
    this.#list = list;
    this.#planned = new Map(options.assessment.tasks.map(({ file }) => [file.path, file]));
  }

  static async open(options: ModelWriterOptions): Promise<ModelWriter> {
    return new ModelWriter(options, await openPublicationList(options.destination, options.fileSystem));
  }

  /** The files that are in place so far. */
  get records(): ReadonlyMap<string, FileRecord> {
    return this.#records;
  }

  /** First bytes of files that were brought, one character each, where they are known. */
  get heads(): ReadonlyMap<string, string> {
    return this.#heads;
  }

  /** Brings what is missing; when it returns there is a record of every file of the plan. */
  async write(): Promise<WrittenBytes> {
    const { assessment, destination, fileSystem, meter, signal } = this.#options;
    const { tasks } = assessment;
    for (const task of tasks) if (task.todo === "proven") this.#records.set(task.file.path, task.record);
    const onKept = async (record: FileRecord): Promise<void> => {
      this.#records.set(record.path, record);
      await this.#list.append([record]);
    };
    const missing = await checkExisting(tasks, { destination, fileSystem, meter, signal, onKept });
    const kept = tasks.flatMap(({ file }) => (this.#records.has(file.path) ? [file] : []));
    const { fetch, shared } = divideByContent(missing, kept);
    const result = missing.length === 0 ? undefined : await this.#bring(fetch, shared);
    const linked = [...shared.map(({ file }) => file), ...(this.#options.placement === "copy" ? [] : fetch)];
    return {
      fetchedBytes: result?.fetchedBytes ?? 0,
      resumedBytes: result?.resumedBytes ?? 0,
      reusedBytes: sumSizes(kept),
      linkedBytes: sumSizes(linked),
    };
  }

  /**
   * Removes what we brought earlier and the plan no longer has, unless it was changed since: then it is somebody else's.
   * Returns how many files went.
   */
  async removeObsolete(): Promise<number> {
    if (this.#options.assessment.obsolete.length > 0) await this.#withdrawProof();
    await this.#removeOwn(this.#options.assessment.obsolete);
    return this.#removedFiles;
  }

  /** Ends the list of publications; what was written stays. */
  async close(): Promise<void> {
    await this.#list.close();
  }

  async #bring(fetch: readonly PlannedFile[], shared: readonly SharedFile[]): Promise<TransferResult | undefined> {
    const { destination, fileSystem, lease, meter, placement, signal } = this.#options;
    const sizes = placement === "copy" ? fetch.map(({ size }) => size) : [];
    requireSpace(destination, await spaceNeeded(destination, sizes, fileSystem));
    const stagingDirectory = await claimStaging(destination, lease.token, fileSystem);
    await this.#refuseFolded(stagingDirectory);
    const beforeRename = (files: readonly PublishedFile[]): Promise<void> => this.#beforeRename(files);
    // A second name shares its mode with the first one, which is not ours to change.
    const keepModes = placement === "hard-link";
    const publisher = createPublisher({ destination, stagingDirectory, fileSystem, beforeRename, keepModes });
    meter.transferring();
    const result = fetch.length === 0 ? undefined : await this.#fetch(fetch, publisher, placement);
    for (const { file, from } of shared) {
      const record = this.#records.get(from);
      if (record === undefined) throw unrecorded(from);
      await publishShared(destination, record, file.path, publisher, fileSystem, signal);
    }
    return result;
  }

  async #fetch(
    files: readonly PlannedFile[],
    publisher: TransferTarget,
    placement: Placement,
  ): Promise<TransferResult | undefined> {
    const { client, fileSystem, meter, signal } = this.#options;
    if (placement !== "copy") {
      const onBytes = (bytes: number): void => meter.read(bytes);
      const onPlaced = ({ size }: PlannedFile): void => meter.settled(size, size);
      await placeFiles(files, { client, placement, publisher, fileSystem, signal, onBytes, onPlaced });
      return undefined;
    }
    return transfer(transferRequests(client, files), {
      ...this.#options.transfer,
      target: publisher,
      signal,
      confirmDigests: confirmDigests(client, (path) => this.#planned.get(path), signal),
      onProgress: (progress) => meter.transferring(progress),
    });
  }

  async #refuseFolded(directory: string): Promise<void> {
    const [conflict] = this.#options.foldedConflicts;
    if (conflict === undefined || !(await probeFolding(directory, this.#options.fileSystem))) return;
    throw pathConflictError(conflict, this.#options.destination);
  }

  async #beforeRename(files: readonly PublishedFile[]): Promise<void> {
    await this.#options.lease.assertHeld();
    await this.#withdrawProof();
    const records = files.map((file) => {
      const planned = this.#planned.get(file.path);
      if (planned === undefined) throw unrecorded(file.path);
      if (file.head !== undefined) this.#heads.set(file.path, file.head);
      return recordOf(file, originOf(planned));
    });
    await this.#list.append(records);
    for (const record of records) this.#records.set(record.path, record);
  }

  /** What the former proof knows and still holds moves to the list first, so that no crash loses it. */
  async #withdrawProof(): Promise<void> {
    if (this.#withdrawn) return;
    const { assessment, destination, fileSystem } = this.#options;
    if (assessment.proof !== undefined) {
      await this.#list.append([...this.#records.values(), ...assessment.obsolete]);
      await this.#list.sync();
      await withdrawProof(destination, fileSystem);
    }
    this.#withdrawn = true;
    await this.#removeOwn(assessment.obsolete.filter(({ path }) => this.#isInTheWay(path)));
  }

  async #removeOwn(records: readonly FileRecord[]): Promise<void> {
    const { destination, fileSystem } = this.#options;
    const states = await checkFiles(destination, records, { fileSystem });
    const own = records.map(({ path }) => path).filter((path) => states.get(path) === "intact");
    this.#removedFiles += await removeFiles(destination, own, fileSystem);
  }

  /** Whether a path was a file where a directory is needed now, or the other way round. */
  #isInTheWay(obsolete: string): boolean {
    for (let slash = obsolete.indexOf("/"); slash >= 0; slash = obsolete.indexOf("/", slash + 1)) {
      if (this.#planned.has(obsolete.slice(0, slash))) return true;
    }
    for (const path of this.#planned.keys()) if (path.startsWith(`${obsolete}/`)) return true;
    return false;
  }
}

function sumSizes(files: readonly PlannedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function unrecorded(path: string): StorageError {
  return new StorageError({
    code: "internal",
    operation: "deliver",
    target: path,
    detail: "a file is missing that was said to be in place",
    hint: "This is a defect of model-agent: please report it with the debug log.",
  });
}
