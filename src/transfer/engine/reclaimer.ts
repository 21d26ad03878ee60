import type { Digest } from "../../storage/digest.ts";
import type { LaneClient } from "../lane/lane-client.ts";
import type { SpanSpec } from "../lane/lane-messages.ts";
import type { ByteRange } from "../plan/range-set.ts";
import type { FileTask, OpenPart } from "./file-task.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Staging } from "./staging.ts";
import type { TransferContext } from "./transfer-context.ts";
import type { TransferJournal } from "./transfer-journal.ts";

/**
 * Takes files back from the lanes to have them read again, in whole or in part. Nothing is given out before every lane has
 * confirmed that it writes to the file no more.
 */
export class Reclaimer {
  readonly #context: TransferContext;
  readonly #scheduler: Scheduler;
  readonly #staging: Staging;
  readonly #journal: TransferJournal;
  readonly #releases = new Map<number, () => void>();

  constructor(context: TransferContext, scheduler: Scheduler, staging: Staging, journal: TransferJournal) {
    this.#context = context;
    this.#scheduler = scheduler;
    this.#staging = staging;
    this.#journal = journal;
  }

  /** Reads a file anew from its first byte, proven by these digests. */
  async restart(file: FileTask, reason: string, digests: readonly Digest[]): Promise<void> {
    if (file.restarting) return;
    file.restarting = true;
    this.#context.emit({ type: "restart", path: file.file.path, reason });
    this.#context.logger.info({ path: file.file.path, reason }, "file is read anew");
    await this.#takeBack(file, this.#scheduler.withdraw(file));
    if (this.#context.stopped) return;
    this.#journal.reset(file);
    for (const access of file.access) {
      access.validator = undefined;
      access.anonymous = false;
    }
    file.reset(digests);
    if (file.fd !== undefined) this.#staging.clear(file.stagedPath, file.fd, file.file.size);
    else await this.#replaceSmall(file);
    file.restarting = false;
    this.#scheduler.offer(file);
    this.#scheduler.pump();
  }

  /** Has the lanes look at a whole file on disk once more, for what these digests need. Nothing is fetched. */
  lookAgain(file: FileTask, digests: readonly Digest[]): void {
    for (const { span } of file.spans) this.#scheduler.spanFiles.delete(span);
    file.lookAgain(digests);
    file.fd ??= this.#staging.openToRead(file.stagedPath);
    this.#scheduler.offer(file);
    this.#scheduler.pump();
  }

  async #replaceSmall(file: FileTask): Promise<void> {
    await this.#staging.remove(file.stagedPath);
    file.stagedPath = this.#staging.newPath();
  }

  /** Reads these ranges of a file that is whole otherwise once more. */
  async reread(file: FileTask, ranges: readonly ByteRange[]): Promise<void> {
    this.#context.emit({ type: "restart", path: file.file.path, reason: `${ranges.length} damaged parts` });
    if (file.fd === undefined) {
      await this.restart(file, "a part of it is damaged", file.file.digests);
      return;
    }
    for (const range of ranges) this.#reopen(file, range);
    this.#journal.rewrite(file);
    this.#scheduler.offer(file);
    this.#scheduler.pump();
  }

  #reopen(file: FileTask, { start, end }: ByteRange): void {
    const { unitSize } = file.plan;
    for (let unit = Math.floor(start / unitSize); unit * unitSize < end; unit += 1) {
      file.ledger.forget(unit);
      file.missing.add(file.ledger.unitRange(unit));
    }
    file.spans = file.spans.map((span): SpanSpec => {
      const touched = span.start < end && span.end > start;
      return touched ? this.#renew(file, span) : span;
    });
  }

  #renew(file: FileTask, span: SpanSpec): SpanSpec {
    file.spanValues.delete(span.span);
    this.#scheduler.spanFiles.delete(span.span);
    const renewed = { ...span, span: this.#context.nextId() };
    this.#scheduler.spanFiles.set(renewed.span, file);
    file.missing.add(span);
    return renewed;
  }

  /** Has the lanes forget the file's parts and spans; resolves once all have. */
  async #takeBack(file: FileTask, parts: readonly OpenPart[]): Promise<void> {
    for (const { span } of file.spans) this.#scheduler.spanFiles.delete(span);
    const lanes = new Set<LaneClient>([...file.spanLanes.values()]);
    for (const { lane } of parts) if (lane !== undefined) lanes.add(lane);
    const partIds = parts.map(({ id }) => id);
    const spanIds = file.spans.map(({ span }) => span);
    await Promise.all([...lanes].map((lane) => this.#release(lane, partIds, spanIds)));
  }

  #release(lane: LaneClient, parts: readonly number[], spans: readonly number[]): Promise<void> {
    const release = this.#context.nextId();
    return new Promise((resolve) => {
      this.#releases.set(release, resolve);
      lane.send({ type: "release", release, parts, spans });
    });
  }

  /** A lane has forgotten what it was told to. */
  released(release: number): void {
    this.#releases.get(release)?.();
    this.#releases.delete(release);
  }

  /** The lanes have ended: nobody is waited for any more. */
  close(): void {
    for (const resolve of this.#releases.values()) resolve();
    this.#releases.clear();
  }
}
