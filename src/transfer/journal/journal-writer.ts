import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { bootId } from "./boot-id.ts";
import { formatRecord, type JournalRecord, journalVersion } from "./journal-record.ts";

/**
 * Appends records to a journal in groups. Records are written after the data they speak of, and neither is synced one by one:
 * what a power cut may have lost is found by checking the units against their CRCs.
 */
export class JournalWriter {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #error: unknown;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Begins a journal at `path` with these records, in place of an earlier one, atomically. */
  static async begin(path: string, records: readonly JournalRecord[]): Promise<JournalWriter> {
    const fresh = `${path}.new`;
    const file = await open(
      fresh,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND,
      0o600,
    );
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

  /** The descriptor, open for appending: whole records may be appended by others at any time until it is closed. */
  get fd(): number {
    return this.#file.fd;
  }

  /** Queues a record. It is written at once, together with whatever else waits when the disk is ready for it. */
  append(record: JournalRecord): void {
    this.#waiting.push(formatRecord(record));
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const text = this.#waiting.join("");
        this.#waiting = [];
        await this.#file.write(text);
      }
    } catch (error) {
      this.#error ??= error;
    } finally {
      this.#writing = undefined;
    }
  }

  /** Writes what waits and closes the file. Throws the first error of any write. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#file.close();
    if (this.#error !== undefined) throw this.#error;
  }
}
