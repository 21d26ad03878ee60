import { closeSync } from "node:fs";
import { isStorageError, StorageError, toStorageError } from "../../errors.ts";
import { systemClock } from "../../telemetry/clock.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import type { LaneClient } from "../lane/lane-client.ts";
import type { LaneEvent } from "../lane/lane-messages.ts";
import type { TransferFile, TransferOptions, TransferResult, TransferredFile } from "../transfer-types.ts";
import { checkRequest } from "./check-request.ts";
import { checkSpace } from "./check-space.ts";
import { Dispatcher } from "./dispatcher.ts";
import { FileOpener } from "./file-opener.ts";
import type { FileTask } from "./file-task.ts";
import { Finisher } from "./finisher.ts";
import { LanePool } from "./lane-pool.ts";
import { LaneReports } from "./lane-reports.ts";
import { Locator } from "./locator.ts";
import { Pacemaker } from "./pacemaker.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { Reclaimer } from "./reclaimer.ts";
import { Recovery } from "./recovery.ts";
import { Scheduler } from "./scheduler.ts";
import { Staging } from "./staging.ts";
import { SyncLedger } from "./sync-ledger.ts";
import { TransferContext } from "./transfer-context.ts";
import { TransferJournal } from "./transfer-journal.ts";
import { laneCount, laneSettings, serialAhead, transferSettings, writeBehindBytes } from "./transfer-settings.ts";
import { WriteBehind } from "./write-behind.ts";

/** How often progress is told and the pace is looked at, in milliseconds. */
const beatMs = 100;

/** One transfer: puts its parts together, runs it, and takes it down again whatever happens. */
export class TransferEngine {
  readonly #files: readonly TransferFile[];
  readonly #options: TransferOptions;
  readonly #context: TransferContext;
  readonly #staging: Staging;
  readonly #meter = new ProgressMeter();
  /** Begun and not yet published. */
  readonly #open = new Set<FileTask>();
  readonly #finished: TransferredFile[] = [];
  readonly #ended: Promise<void>;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;

  constructor(files: readonly TransferFile[], options: TransferOptions) {
    this.#files = files;
    this.#options = options;
    this.#staging = new Staging(options.target.stagingDirectory);
    this.#ended = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#ended.catch(() => undefined);
    this.#context = new TransferContext(
      options,
      options.clock ?? systemClock,
      options.random ?? Math.random,
      options.logger ?? silentLogger,
      (error) => this.#settle?.reject(error),
    );
  }

  async run(): Promise<TransferResult> {
    const started = this.#context.now;
    const { signal } = this.#options;
    const onAbort = (): void => this.#context.fail(cancelled(signal?.reason));
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      checkRequest(this.#files, this.#options);
      if (signal?.aborted === true) throw cancelled(signal.reason);
      await this.#transfer();
    } catch (error) {
      throw toStorageError(error, "transfer", this.#staging.directory);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    const order = new Map(this.#files.map(({ path }, index) => [path, index]));
    return {
      files: this.#finished.toSorted((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0)),
      fetchedBytes: this.#meter.fetchedBytes,
      resumedBytes: this.#meter.resumedBytes,
      durationMs: this.#context.now - started,
    };
  }

  async #transfer(): Promise<void> {
    const sizes = new Map(this.#files.map(({ path, size }) => [path, size]));
    const journal = await TransferJournal.open(this.#staging, new Set(sizes.keys()), this.#context.logger);
    try {
      const total = this.#files.reduce((sum, { size }) => sum + size, 0);
      await checkSpace(this.#options.target, total - journal.leftoverBytes(sizes));
      if (this.#files.length > 0) await this.#runLanes(journal);
    } finally {
      await journal.close();
    }
  }

  async #runLanes(journal: TransferJournal): Promise<void> {
    const settings = transferSettings(this.#options);
    const count = laneCount(this.#options.lanes);
    let reports: LaneReports | undefined;
    const lanes = new LanePool(
      laneSettings(settings, count, this.#options.target.fileMode),
      count,
      (lane: LaneClient, events: readonly LaneEvent[]) => this.#context.tell(() => reports?.take(lane, events)),
      (error) => this.#context.fail(error),
    );
    const locator = new Locator(this.#context, settings.maxConnections);
    const dispatcher = new Dispatcher(this.#context, lanes, locator, journal.fd, settings.stallTimeoutMs);
    const spanFiles = new Map<number, FileTask>();
    const opener = new FileOpener(this.#context, this.#staging, journal, lanes, this.#meter, spanFiles);
    const scheduler: Scheduler = new Scheduler(
      this.#files,
      { context: this.#context, dispatcher, locator, spanFiles, serialAhead: serialAhead(count) },
      {
        begin: (file) => {
          this.#open.add(file);
          return opener.open(file);
        },
        complete: (file) => void finisher.finish(file),
        unlocated: (file, error) => recovery.unlocated(file, error),
        relane: (file) =>
          void this.#guard(reclaimer.restart(file, "its source is read in another way", file.file.digests)),
        unpublished: () => finisher.waiting,
      },
    );
    const reclaimer = new Reclaimer(this.#context, scheduler, this.#staging, journal);
    const recovery = new Recovery(this.#context, scheduler, dispatcher, locator, {
      restart: (file, reason) => this.#guard(reclaimer.restart(file, reason, file.file.digests)),
    });
    const syncs = new SyncLedger();
    const writeBehind = new WriteBehind(writeBehindBytes, (error) => this.#context.fail(error));
    const finisher = new Finisher(this.#context, syncs, {
      close: (file) => closeFile(file, writeBehind),
      published: (file, result) => this.#published(file, result, journal),
      lookAgain: (file, digests) => reclaimer.lookAgain(file, digests),
      reread: (file, ranges) => reclaimer.reread(file, ranges),
      restart: (file, reason, digests) => reclaimer.restart(file, reason, digests),
      damaged: async (file, detail) => {
        if (!recovery.giveUpSource(file, { kind: "digest", detail }, 2)) return;
        file.firstPass = undefined;
        file.mismatches.clear();
        await reclaimer.restart(file, detail, file.file.digests);
      },
    });
    const pacemaker = new Pacemaker(this.#context, scheduler, dispatcher, locator);
    reports = new LaneReports({
      context: this.#context,
      scheduler,
      dispatcher,
      recovery,
      reclaimer,
      opener,
      pacemaker,
      meter: this.#meter,
      journal,
      syncs,
      writeBehind,
      whole: (file) => void finisher.finish(file),
    });
    const { bandwidth, maxBandwidth } = this.#options;
    const share = bandwidth?.join();
    const limitRate = (): void =>
      lanes.shareRate(share?.rate(this.#meter.fetchedBytes, this.#context.now) ?? maxBandwidth);
    const beat = setInterval(() => {
      this.#context.tell(() => {
        limitRate();
        pacemaker.beat(beatMs);
        reports?.tellBytes();
      });
      this.#tellProgress();
    }, beatMs);
    try {
      limitRate();
      scheduler.pump();
      await this.#ended;
    } finally {
      clearInterval(beat);
      share?.leave();
      this.#context.stopping.abort();
      await lanes.close();
      reclaimer.close();
      syncs.close();
      await finisher.idle();
      reports.tellBytes();
      this.#tellProgress();
      await this.#leaveResumable(writeBehind);
    }
  }

  /** Nothing writes any more: closes what is open; small files are not worth keeping. */
  async #leaveResumable(writeBehind: WriteBehind): Promise<void> {
    for (const file of this.#open) {
      await closeFile(file, writeBehind);
      if (!file.journaled && file.stagedPath !== "") await this.#staging.remove(file.stagedPath);
    }
  }

  #published(file: FileTask, result: TransferredFile, journal: TransferJournal): void {
    journal.gone(file);
    this.#open.delete(file);
    this.#meter.published(file.file.size);
    this.#finished.push(result);
    if (this.#finished.length === this.#files.length) this.#settle?.resolve();
  }

  #tellProgress(): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    this.#context.tell(() => onProgress(this.#meter.progress(this.#open, this.#context.now)));
  }

  async #guard(action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      this.#context.fail(error);
    }
  }
}

async function closeFile(file: FileTask, writeBehind: WriteBehind): Promise<void> {
  await writeBehind.release(file);
  if (file.fd === undefined) return;
  closeSync(file.fd);
  file.fd = undefined;
}

function cancelled(reason: unknown): StorageError {
  if (isStorageError(reason)) return reason;
  return new StorageError({
    code: "cancelled",
    operation: "transfer",
    detail: "it was cancelled",
    hint: "Run it again to continue where it stopped.",
    cause: reason,
  });
}
