import type { FileRecord } from "../store/file-record.ts";
import type { FileSystem } from "../store/file-system.ts";
import { forEachParallel } from "../store/for-each-parallel.ts";
import { verifyFile } from "../store/verify-file.ts";
import { loadCrc } from "../transfer/digest/crc.ts";
import { adoptFile } from "./adopt-file.ts";
import type { FileTask } from "./assess-destination.ts";
import { originOf, type PlannedFile } from "./planned-file.ts";
import type { ProgressMeter } from "./progress-meter.ts";

/** One file is read while another one is hashed. */
const parallelReads = 2;

export interface CheckExistingOptions {
  readonly destination: string;
  readonly fileSystem: FileSystem;
  readonly meter: ProgressMeter;
  readonly signal?: AbortSignal | undefined;
  /** Receives every file that was found to be right, durable and not yet recorded. */
  readonly onKept: (record: FileRecord) => Promise<void>;
}

/** Settles what needs no transfer: proven files at once, touched and foreign ones by reading them. Returns what is to be fetched. */
export async function checkExisting(
  tasks: readonly FileTask[],
  options: CheckExistingOptions,
): Promise<readonly PlannedFile[]> {
  const { meter, signal, onKept } = options;
  const fetch: PlannedFile[] = [];
  for (const { todo, file } of tasks) if (todo === "proven") meter.settled(file.size);
  const unsettled = tasks.filter(({ todo }) => todo !== "proven");
  await forEachParallel(
    unsettled,
    parallelReads,
    async (task) => {
      let read = 0;
      const onBytes = (bytes: number): void => {
        read += bytes;
        meter.read(bytes);
      };
      const record = await readExisting(task, onBytes, options);
      if (record === undefined) {
        meter.read(-read);
        fetch.push(task.file);
        return;
      }
      await onKept(record);
      meter.settled(task.file.size, read);
    },
    signal,
  );
  return fetch;
}

async function readExisting(
  task: FileTask,
  onBytes: (bytes: number) => void,
  { destination, fileSystem, signal }: CheckExistingOptions,
): Promise<FileRecord | undefined> {
  if (task.todo === "fetch") return undefined;
  if (task.todo === "adopt") return adoptFile(destination, task.file, { fileSystem, signal, onBytes });
  const { record } = task;
  const checksum = (await loadCrc(record.units.algorithm))();
  const verified = await verifyFile(destination, record, { checksum, fileSystem, signal, onBytes });
  if (verified.record === undefined) return undefined;
  return { ...verified.record, origin: originOf(task.file) };
}
