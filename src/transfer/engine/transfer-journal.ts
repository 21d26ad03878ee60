import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Logger } from "../../telemetry/logger.ts";
import { bootId } from "../journal/boot-id.ts";
import { type JournalRecord, parseJournal } from "../journal/journal-record.ts";
import { type JournaledFile, type JournaledPiece, replayJournal, sameIdentity } from "../journal/journal-state.ts";
import { JournalWriter } from "../journal/journal-writer.ts";
import type { FileTask } from "./file-task.ts";
import type { Staging } from "./staging.ts";

/** What is left of an earlier transfer of a file. */
export interface Leftover {
  readonly path: string;
  readonly pieces: readonly JournaledPiece[];
  /** Serial digests of finished stretches, by `start-end`. */
  readonly spans: ReadonlyMap<string, string>;
  /** Validators of the sources' first answers, by source id. */
  readonly validators: ReadonlyMap<string, string>;
  /** Nobody can have touched it since its writer stopped in order: its units need not be checked. */
  readonly trusted: boolean;
}

interface Entry {
  readonly staged: string;
  /** What is noted of it is true as far as this transfer or an orderly end of the last one knows. */
  sound: boolean;
}

/**
 * The journal of a transfer: what it took over, and what it notes. Files are noted once their staged file is made, units
 * once their bytes are written.
 */
export class TransferJournal {
  readonly #staging: Staging;
  readonly #logger: Logger;
  readonly #writer: JournalWriter;
  /** What an earlier transfer left, by path. */
  readonly #old = new Map<string, JournaledFile & { readonly id: number; readonly trusted: boolean }>();
  /** Files that can be continued, by their number in the journal. */
  readonly #entries = new Map<number, Entry>();
  #nextId = 0;

  private constructor(staging: Staging, logger: Logger, writer: JournalWriter) {
    this.#staging = staging;
    this.#logger = logger;
    this.#writer = writer;
  }

  /**
   * Reads what an earlier transfer left in the staging directory, begins a new journal with what of it belongs to `paths`,
   * and removes everything else.
   */
  static async open(staging: Staging, paths: ReadonlySet<string>, logger: Logger): Promise<TransferJournal> {
    const text = await readFile(staging.journalPath, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const state = replayJournal(parseJournal(text));
    const kept = [...(state?.files.values() ?? [])].filter(({ identity }) => paths.has(identity.path));
    await staging.sweep(new Set(kept.map(({ staged }) => staged)));
    const records = kept.flatMap((file, id) => recordsOf(id, file));
    const journal = new TransferJournal(staging, logger, await JournalWriter.begin(staging.journalPath, records));
    for (const file of kept) journal.#keep(file, state?.bootId === bootId());
    return journal;
  }

  #keep(file: JournaledFile, sameBoot: boolean): void {
    const found = this.#staging.stat(this.#staging.pathOf(file.staged));
    const untouched = found !== undefined && file.left?.mtimeNs === found.mtimeNs && file.left.inode === found.inode;
    const trusted = sameBoot && untouched;
    const id = this.#nextId;
    this.#nextId += 1;
    this.#old.set(file.identity.path, { ...file, id, trusted });
    this.#entries.set(id, { staged: file.staged, sound: trusted });
  }

  /** Lanes append the pieces that they have written to this descriptor themselves. */
  get fd(): number {
    return this.#writer.fd;
  }

  /** Bytes that an earlier transfer left of files with these sizes by path, as far as its journal says. */
  leftoverBytes(sizes: ReadonlyMap<string, number>): number {
    let bytes = 0;
    for (const { identity, pieces } of this.#old.values()) {
      if (sizes.get(identity.path) !== identity.size) continue;
      for (const { start, end } of pieces) bytes += end - start;
    }
    return bytes;
  }

  /** What can be taken over for a file. What is left of it but does not fit is removed. */
  async leftover(file: FileTask): Promise<Leftover | undefined> {
    const old = this.#old.get(file.file.path);
    if (old === undefined) return undefined;
    this.#old.delete(file.file.path);
    const path = this.#staging.pathOf(old.staged);
    file.journalId = old.id;
    if (this.#staging.stat(path)?.size === file.file.size && sameIdentity(old.identity, file.identity)) {
      const { pieces, spans, validators, trusted } = old;
      return { path, pieces, spans, validators, trusted };
    }
    this.gone(file);
    await this.#staging.remove(path);
    return undefined;
  }

  /** Notes a file whose staged file was just made. */
  begin(file: FileTask): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const staged = basename(file.stagedPath);
    file.journalId = id;
    this.#entries.set(id, { staged, sound: true });
    this.#writer.append({ type: "file", file: id, staged, identity: file.identity });
  }

  /** What was taken over of a file turned out to be these pieces, no more. */
  takenOver(file: FileTask, pieces: readonly JournaledPiece[], changed: boolean): void {
    const entry = file.journalId === undefined ? undefined : this.#entries.get(file.journalId);
    if (entry !== undefined) entry.sound = true;
    if (!changed) return;
    this.reset(file);
    for (const piece of pieces) this.piece(file, piece);
  }

  /** These bytes are written. */
  piece(file: FileTask, { start, end, crc }: JournaledPiece): void {
    this.#note(file, (id) => ({ type: "piece", file: id, start, end, crc }));
  }

  span(file: FileTask, start: number, end: number, value: string): void {
    this.#note(file, (id) => ({ type: "span", file: id, start, end, value }));
  }

  validator(file: FileTask, source: string, value: string): void {
    this.#note(file, (id) => ({ type: "validator", file: id, source, value }));
  }

  /** The file is read anew. */
  reset(file: FileTask): void {
    this.#note(file, (id) => ({ type: "reset", file: id }));
  }

  /** Some units of the file are void: notes what is left of it. */
  rewrite(file: FileTask): void {
    if (file.journalId === undefined) return;
    this.reset(file);
    for (const [unit, crc] of file.ledger.values().entries()) {
      if (crc !== "") this.piece(file, { ...file.ledger.unitRange(unit), crc });
    }
    for (const { span, start, end } of file.spans) {
      const value = file.spanValues.get(span);
      if (value !== undefined) this.span(file, start, end, value);
    }
  }

  /** The staged file is there no more. */
  gone(file: FileTask): void {
    this.#note(file, (id) => ({ type: "gone", file: id }));
    if (file.journalId !== undefined) this.#entries.delete(file.journalId);
    file.journalId = undefined;
  }

  #note(file: FileTask, record: (id: number) => JournalRecord): void {
    if (file.journalId !== undefined) this.#writer.append(record(file.journalId));
  }

  /** The transfer is over: leaves a journal that can be trusted, or none when nothing is left to continue. */
  async close(): Promise<void> {
    const files = [...this.#entries].flatMap(([file, { staged, sound }]) => {
      const found = sound ? this.#staging.stat(this.#staging.pathOf(staged)) : undefined;
      return found === undefined ? [] : [{ file, mtimeNs: found.mtimeNs, inode: found.inode }];
    });
    this.#writer.append({ type: "end", files });
    try {
      await this.#writer.close();
    } catch (error) {
      this.#logger.warn(
        { error: String(error) },
        "the journal could not be written: the transfer may have to begin anew",
      );
    }
    if (this.#entries.size === 0) await this.#staging.remove(this.#staging.journalPath);
  }
}

/** The records that say the same as a file of the old journal. */
function recordsOf(
  file: number,
  { staged, identity, pieces, spans, validators }: JournaledFile,
): readonly JournalRecord[] {
  return [
    { type: "file", file, staged, identity },
    ...[...validators].map(([source, value]): JournalRecord => ({ type: "validator", file, source, value })),
    ...pieces.map(({ start, end, crc }): JournalRecord => ({ type: "piece", file, start, end, crc })),
    ...[...spans].map(([range, value]): JournalRecord => {
      const [start = 0, end = 0] = range.split("-").map(Number);
      return { type: "span", file, start, end, value };
    }),
  ];
}
