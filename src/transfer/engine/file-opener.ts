import { closeSync } from "node:fs";
import { createSerialHash } from "../digest/serial-hash.ts";
import type { JournaledPiece } from "../journal/journal-state.ts";
import type { LaneEvent } from "../lane/lane-messages.ts";
import { RangeSet } from "../plan/range-set.ts";
import { assignSpans } from "./assign-spans.ts";
import type { FileTask } from "./file-task.ts";
import type { LanePool } from "./lane-pool.ts";
import type { ProgressMeter } from "./progress-meter.ts";
import type { Staging } from "./staging.ts";
import type { TransferContext } from "./transfer-context.ts";
import type { Leftover, TransferJournal } from "./transfer-journal.ts";

/** Makes the staged file of each file, or takes over what an earlier transfer left of it. */
export class FileOpener {
  readonly #context: TransferContext;
  readonly #staging: Staging;
  readonly #journal: TransferJournal;
  readonly #lanes: LanePool;
  readonly #meter: ProgressMeter;
  readonly #spanFiles: Map<number, FileTask>;
  readonly #checks = new Map<number, (good: readonly JournaledPiece[]) => void>();

  constructor(
    context: TransferContext,
    staging: Staging,
    journal: TransferJournal,
    lanes: LanePool,
    meter: ProgressMeter,
    spanFiles: Map<number, FileTask>,
  ) {
    this.#context = context;
    this.#staging = staging;
    this.#journal = journal;
    this.#lanes = lanes;
    this.#meter = meter;
    this.#spanFiles = spanFiles;
  }

  /** Brings a file to where its missing parts can be read. Throws StorageError when the disk refuses. */
  async open(file: FileTask): Promise<void> {
    const { size } = file.file;
    const leftover = await this.#journal.leftover(file);
    this.#context.stopping.signal.throwIfAborted();
    if (leftover !== undefined && file.journaled && distinguishable(file, leftover)) {
      await this.#takeOver(file, leftover);
      return;
    }
    if (leftover !== undefined) {
      this.#journal.gone(file);
      await this.#staging.remove(leftover.path);
      this.#context.stopping.signal.throwIfAborted();
    }
    file.stagedPath = this.#staging.newPath();
    if (size === 0) this.#makeEmpty(file);
    if (file.small) return;
    file.fd = this.#staging.create(file.stagedPath, size);
    if (file.journaled) this.#journal.begin(file);
  }

  #makeEmpty(file: FileTask): void {
    closeSync(this.#staging.create(file.stagedPath, 0));
    assignSpans(file, this.#context, this.#spanFiles);
    for (const [index, { algorithm }] of file.plan.spans.entries()) {
      const span = file.spans[index];
      if (span !== undefined) file.spanValues.set(span.span, createSerialHash(algorithm, 0).digest("hex"));
    }
  }

  async #takeOver(file: FileTask, leftover: Leftover): Promise<void> {
    file.stagedPath = leftover.path;
    file.fd = this.#staging.open(leftover.path);
    for (const access of file.access) access.validator = leftover.validators.get(access.source.id);
    const pieces = leftover.trusted ? leftover.pieces : await this.#check(file, file.fd, leftover.pieces);
    for (const { start, end, crc } of pieces) {
      file.ledger.add(start, end, crc);
      file.missing.remove({ start, end });
      file.resumedBytes += end - start;
    }
    this.#restoreSpans(file, leftover, pieces);
    this.#journal.takenOver(file, pieces, pieces.length !== leftover.pieces.length);
    this.#meter.resumedBytes += file.resumedBytes;
  }

  /** Serial stretches that were finished need not be looked at; of the others, what is there has to be. */
  #restoreSpans(file: FileTask, leftover: Leftover, pieces: readonly JournaledPiece[]): void {
    assignSpans(file, this.#context, this.#spanFiles);
    const there = new RangeSet(pieces);
    for (const { span, start, end } of file.spans) {
      const value = leftover.spans.get(`${start}-${end}`);
      if (value !== undefined && there.covers({ start, end })) file.spanValues.set(span, value);
      else for (const piece of there.within({ start, end })) file.staged.add(piece);
    }
  }

  /** Compares pieces with their CRCs; what does not match is read again. */
  #check(file: FileTask, fd: number, pieces: readonly JournaledPiece[]): Promise<readonly JournaledPiece[]> {
    const check = this.#context.nextId();
    return new Promise((resolve) => {
      this.#checks.set(check, resolve);
      this.#lanes.leastLoaded().send({ type: "check", check, fd, algorithm: file.plan.unitAlgorithm, pieces });
    });
  }

  /** A lane has checked pieces. */
  checked({ check, good }: Extract<LaneEvent, { type: "checked" }>): void {
    this.#checks.get(check)?.(good);
    this.#checks.delete(check);
  }
}

/** Whether another version of the object would be noticed; if not, nothing that is left of it can be continued. */
function distinguishable(file: FileTask, { validators }: Leftover): boolean {
  const pinned = file.file.sources.every(({ pin }) => pin.etag !== undefined || pin.version !== undefined);
  return pinned || validators.size > 0 || file.plan.check.by !== "size";
}
