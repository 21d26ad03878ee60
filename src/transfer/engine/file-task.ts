import type { Digest, RangeDigests } from "../../storage/digest.ts";
import { chooseDigestPlan, type DigestPlan } from "../digest/digest-plan.ts";
import { UnitLedger } from "../digest/unit-ledger.ts";
import type { FileIdentity } from "../journal/journal-record.ts";
import type { LaneClient } from "../lane/lane-client.ts";
import type { SpanSpec } from "../lane/lane-messages.ts";
import { wholeFileLimit } from "../plan/part-plan.ts";
import { RangeSet } from "../plan/range-set.ts";
import type { TransferFile, TransferSource } from "../transfer-types.ts";
import type { OtherProofs } from "./other-proofs.ts";
import { SourceAccess } from "./source-access.ts";

/** What a file knows of a part of it that is being read. */
export interface OpenPart {
  readonly id: number;
  readonly end: number;
  /** Bytes before this came in. */
  readonly received: number;
  /** The lane that holds its state. */
  readonly lane: LaneClient | undefined;
}

/** A file on its way: what is missing, what is known, who reads it. */
export class FileTask {
  readonly file: TransferFile;
  /** Its turn among all files. */
  readonly order: number;
  readonly access: readonly SourceAccess[];
  /** Index of the source that is read. */
  sourceIndex = 0;
  plan: DigestPlan;
  /** Those that no server failed to tell when it was asked for them. */
  rangeDigests: readonly RangeDigests[];
  ledger: UnitLedger;
  /** What no part covers and the disk does not have. */
  missing: RangeSet;
  /** What the disk has and no serial digest has seen yet. */
  staged = new RangeSet();
  spans: readonly SpanSpec[] = [];
  /** By id of the span. */
  readonly spanValues = new Map<number, string>();
  readonly parts = new Set<OpenPart>();
  /** The server honours ranges, as far as is known. */
  rangesWork = true;
  stagedPath = "";
  fd: number | undefined;
  /** The lanes that hold the state of its serial stretches, by id. */
  readonly spanLanes = new Map<number, LaneClient>();
  /** Number in the journal. */
  journalId: number | undefined;
  /** Its source is being located. */
  locating = false;
  /** It is being taken back from the lanes, to be read anew. */
  restarting = false;
  /** Locates in a row that failed. */
  locateFailures = 0;
  /** Whether worker lanes read it, or the one in this thread; undefined before the first part. */
  laneKind: "worker" | "local" | undefined;
  /** How often it was begun anew because the object changed. */
  restarts = 0;
  /** CRCs of the units as they were read first, once the whole did not match and it is read again. */
  firstPass: readonly string[] | undefined;
  /** How often a stretch did not match its digest, by the stretch's start. */
  readonly mismatches = new Map<number, number>();
  /** What is left to hold the bytes against, once an assumed part size was wrong. */
  otherProofs: OtherProofs | undefined;
  /** The source was asked again for digests that had been inferred. */
  confirmed = false;
  fetchedBytes = 0;
  resumedBytes = 0;
  readonly sourcesUsed = new Set<string>();

  constructor(file: TransferFile, order: number) {
    this.file = file;
    this.order = order;
    this.access = file.sources.map((source) => new SourceAccess(source));
    this.rangeDigests = file.rangeDigests ?? [];
    this.plan = chooseDigestPlan(file.digests, file.size, this.rangeDigests);
    this.ledger = new UnitLedger(this.plan.unitAlgorithm, this.plan.unitSize, file.size);
    this.missing = new RangeSet([{ start: 0, end: file.size }]);
  }

  /** Read whole with one request, by a lane that makes and closes the staged file itself. Not worth a journal. */
  get small(): boolean {
    return this.file.size < wholeFileLimit;
  }

  get busy(): boolean {
    return this.locating || this.restarting;
  }

  /** Parts are waiting to be carved. */
  get open(): boolean {
    return !this.missing.empty || !this.staged.empty;
  }

  /** Units are noted, so that an interrupted transfer can be continued. Not where CRCs end elsewhere than units do. */
  get journaled(): boolean {
    return !this.small && this.plan.cuts.length === 0;
  }

  get current(): SourceAccess {
    const access = this.access[this.sourceIndex] ?? this.access[0];
    if (access === undefined) throw new RangeError("a file has at least one source");
    return access;
  }

  get source(): TransferSource {
    return this.current.source;
  }

  /** Bytes that need not be read any more, as far as was told. */
  get completedBytes(): number {
    let open = this.missing.bytes + this.staged.bytes;
    for (const part of this.parts) open += Math.max(0, part.end - part.received);
    return this.file.size - open;
  }

  /** What makes a staged file the beginning of this one. */
  get identity(): FileIdentity {
    const pins = this.file.sources.map(({ id, pin }) => `${id} ${pin.size} ${pin.etag ?? ""} ${pin.version ?? ""}`);
    const { path, size } = this.file;
    const { unitAlgorithm, unitSize } = this.plan;
    return { path, size, pins: pins.toSorted(), algorithm: unitAlgorithm, unitSize };
  }

  /** Serial digest of each of the plan's spans, in order; empty text where it is not known. */
  spanDigests(): readonly string[] {
    return this.spans.map(({ span }) => this.spanValues.get(span) ?? "");
  }

  /** All bytes are on disk: only what these digests need is computed anew. */
  lookAgain(digests: readonly Digest[]): void {
    const { resumedBytes } = this;
    this.reset(digests);
    this.resumedBytes = resumedBytes;
    this.missing = new RangeSet();
    this.staged = new RangeSet([{ start: 0, end: this.file.size }]);
  }

  /** Forgets everything that was read, and proves by these digests from now on. */
  reset(digests: readonly Digest[]): void {
    this.plan = chooseDigestPlan(digests, this.file.size, this.rangeDigests);
    this.ledger = new UnitLedger(this.plan.unitAlgorithm, this.plan.unitSize, this.file.size);
    this.missing = new RangeSet([{ start: 0, end: this.file.size }]);
    this.staged = new RangeSet();
    this.spans = [];
    this.spanValues.clear();
    this.spanLanes.clear();
    this.laneKind = undefined;
    this.resumedBytes = 0;
  }
}
