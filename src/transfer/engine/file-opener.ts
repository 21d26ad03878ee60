import { closeSync } from "node:fs";
import type { LaneEvent, UnitToCheck } from "../lane/lane-messages.ts";
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
  readonly #checks = new Map<number, (good: readonly number[]) => void>();

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
    if (leftover !== undefined && file.journaled) {
      await this.#takeOver(file, leftover);
      return;
    }
    file.stagedPath = this.#staging.newPath();
    if (size === 0) closeSync(this.#staging.create(file.stagedPath, 0));
    if (file.small) return;
    file.fd = this.#staging.create(file.stagedPath, size);
    if (file.journaled) this.#journal.begin(file);
  }

  async #takeOver(file: FileTask, leftover: Leftover): Promise<void> {
    file.stagedPath = leftover.path;
    file.fd = this.#staging.open(leftover.path);
    for (const access of file.access) access.validator = leftover.validators.get(access.source.id);
    const units = leftover.trusted ? leftover.units : await this.#check(file, file.fd, leftover.units);
    assignSpans(file, this.#context, this.#spanFiles);
    for (const span of file.spans) {
      const value = leftover.spans.get(`${span.start}-${span.end}`);
      if (value !== undefined && this.#covered(file, span, units)) file.spanValues.set(span.span, value);
    }
    for (const [unit, crc] of units) this.#restore(file, unit, crc);
    this.#journal.takenOver(file, units, units.size !== leftover.units.size);
    this.#meter.resumedBytes += file.resumedBytes;
  }

  #covered(file: FileTask, range: { start: number; end: number }, units: ReadonlyMap<number, string>): boolean {
    const { unitSize } = file.plan;
    for (let at = range.start; at < range.end; at += unitSize) if (!units.has(Math.floor(at / unitSize))) return false;
    return units.has(Math.floor((range.end - 1) / unitSize));
  }

  #restore(file: FileTask, unit: number, crc: string): void {
    const range = file.ledger.unitRange(unit);
    file.ledger.restore(unit, crc);
    file.missing.remove(range);
    file.resumedBytes += range.end - range.start;
    for (const span of file.spans) {
      if (file.spanValues.has(span.span)) continue;
      file.staged.add({ start: Math.max(range.start, span.start), end: Math.min(range.end, span.end) });
    }
  }

  /** Compares units with their CRCs; what does not match is read again. */
  #check(file: FileTask, fd: number, units: ReadonlyMap<number, string>): Promise<ReadonlyMap<number, string>> {
    const check = this.#context.nextId();
    const list = [...units]
      .map(([unit, crc]): UnitToCheck => ({ unit, crc, ...file.ledger.unitRange(unit) }))
      .filter(({ start }) => start < file.file.size)
      .toSorted((a, b) => a.start - b.start);
    return new Promise((resolve) => {
      this.#checks.set(check, (good) => resolve(new Map(good.map((unit) => [unit, units.get(unit) ?? ""]))));
      this.#lanes.leastLoaded().send({ type: "check", check, fd, algorithm: file.plan.unitAlgorithm, units: list });
    });
  }

  /** A lane has checked units. */
  checked({ check, good }: Extract<LaneEvent, { type: "checked" }>): void {
    this.#checks.get(check)?.(good);
    this.#checks.delete(check);
  }
}
