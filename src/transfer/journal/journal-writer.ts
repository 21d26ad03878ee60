import { type FileHandle, open, rename } from "node:fs/promises";
import { bootId } from "./boot-id.ts";
import { formatRecord, type JournalRecord, journalVersion } from "./journal-record.ts";

/** Records wait at most this long in memory, in milliseconds: that much is read again after a kill. */
const flushMs = 200;
const flushRecords = 64;

/**
 * Appends records to a journal in groups. Records are written after the data they speak of, and neither is synced one by one:
 * what a power cut may have lost is found by checking the units against their CRCs.
 */
export class JournalWriter {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #error: unknown;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Begins a journal at `path` with these records, in place of an earlier one, atomically. */
  static async begin(path: string, records: readonly JournalRecord[]): Promise<JournalWriter> {
    const fresh = `${path}.new`;
    const file = await open(fresh, "w", 0o600);
    const header: JournalRecord = { type: "journal", version: journalVersion, bootId: bootId() };
    try {
      await file.write([header, ...records].map(formatRecord).join(""));
      await rename(fresh, path);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new JournalWriter(file);
  }

  /** Queues a record. An error of an earlier write is thrown by {@link JournalWriter.close}. */
  append(record: JournalRecord): void {
    this.#waiting.push(formatRecord(record));
    if (this.#waiting.length >= flushRecords) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), flushMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#writing = this.#writing
      .then(async () => {
        await this.#file.write(text);
      })
      .catch((error: unknown) => {
        this.#error ??= error;
      });
  }

  /** Writes what waits and closes the file. Throws the first error of any write. */
  async close(): Promise<void> {
    this.#flush();
    await this.#writing;
    await this.#file.close();
    if (this.#error !== undefined) throw this.#error;
  }
}
