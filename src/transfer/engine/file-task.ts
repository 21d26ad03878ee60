import { chooseDigestPlan, type DigestPlan } from "../digest/digest-plan.ts";
import { UnitLedger } from "../digest/unit-ledger.ts";
import type { LaneClient } from "../lane/lane-client.ts";
import type { SpanSpec } from "../lane/lane-messages.ts";
import { wholeFileLimit } from "../plan/part-plan.ts";
import { RangeSet } from "../plan/range-set.ts";
import type { TransferFile, TransferSource } from "../transfer-types.ts";
import type { PartTask } from "./part-task.ts";
import { SourceAccess } from "./source-access.ts";

/** A file on its way: what is missing, what is known, who reads it. */
export class FileTask {
  readonly file: TransferFile;
  readonly access: readonly SourceAccess[];
  /** Which of its sources is read. */
  sourceIndex = 0;
  plan: DigestPlan;
  ledger: UnitLedger;
  missing: RangeSet;
  spans: readonly SpanSpec[] = [];
  readonly spanValues = new Map<number, string>();
  readonly parts = new Set<PartTask>();
  /** Ranges are asked for; otherwise the whole object at once. */
  ranged: boolean;
  stagedPath = "";
  fd: number | undefined;
  /** The lane that holds the state of its serial digests. */
  lane: LaneClient | undefined;
  restarts = 0;
  fetchedBytes = 0;
  resumedBytes = 0;
  readonly sourcesUsed = new Set<string>();

  constructor(file: TransferFile) {
    this.file = file;
    this.access = file.sources.map((source) => new SourceAccess(source));
    this.plan = chooseDigestPlan(file.digests, file.size);
    this.ledger = new UnitLedger(this.plan.unitAlgorithm, this.plan.unitSize, file.size);
    this.missing = new RangeSet([{ start: 0, end: file.size }]);
    this.ranged = !this.small;
  }

  /** Read whole with one request, by a lane that opens and closes it itself. */
  get small(): boolean {
    return this.file.size < wholeFileLimit;
  }

  get source(): TransferSource {
    return this.file.sources[this.sourceIndex] ?? this.file.sources[0];
  }

  get current(): SourceAccess {
    const access = this.access[this.sourceIndex];
    if (access === undefined) throw new RangeError("no such source");
    return access;
  }

  /** Bytes that are in whole or in progress. */
  get completedBytes(): number {
    let open = this.missing.bytes;
    for (const part of this.parts) open += part.end - part.frontier;
    return this.file.size - open;
  }
}
