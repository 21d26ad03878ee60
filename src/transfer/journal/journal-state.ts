import type { FileIdentity, JournalRecord, StagedState } from "./journal-record.ts";

/** Bytes that are written, with their CRC. */
export interface JournaledPiece {
  readonly start: number;
  readonly end: number;
  readonly crc: string;
}

/** What a journal says of one unfinished file. */
export interface JournaledFile {
  readonly staged: string;
  readonly identity: FileIdentity;
  /** What is written, ascending and disjoint, no piece longer than a unit. */
  readonly pieces: readonly JournaledPiece[];
  /** Serial digest by `start-end` of its stretch. */
  readonly spans: ReadonlyMap<string, string>;
  /** By source id. */
  readonly validators: ReadonlyMap<string, string>;
  /** How the writer left the staged file, when it stopped in order. */
  readonly left: StagedState | undefined;
}

/** The state that a journal's records add up to. */
export interface JournalState {
  /** Identifies the boot during which it was written. */
  readonly bootId: string;
  /** By path. */
  readonly files: ReadonlyMap<string, JournaledFile>;
}

interface OpenFile {
  readonly staged: string;
  readonly identity: FileIdentity;
  /** By start; a longer piece replaces a shorter one. */
  readonly pieces: Map<number, JournaledPiece>;
  readonly spans: Map<string, string>;
  readonly validators: Map<string, string>;
}

/** Adds up the records of a journal; undefined for a journal without a (known) header. */
export function replayJournal(records: readonly JournalRecord[]): JournalState | undefined {
  const [header] = records;
  if (header?.type !== "journal") return undefined;
  const open = new Map<number, OpenFile>();
  let left: readonly StagedState[] = [];
  for (const record of records) {
    left = record.type === "end" ? record.files : [];
    apply(record, open);
  }
  const files = [...open].map(([file, state]): [string, JournaledFile] => [
    state.identity.path,
    { ...state, pieces: disjoint(state.pieces), left: left.find((entry) => entry.file === file) },
  ]);
  return { bootId: header.bootId, files: new Map(files) };
}

/** In order, without those that a longer one before them covers. */
function disjoint(pieces: ReadonlyMap<number, JournaledPiece>): readonly JournaledPiece[] {
  let covered = 0;
  return [...pieces.values()]
    .toSorted((a, b) => a.start - b.start)
    .filter(({ start, end }) => {
      if (start < covered) return false;
      covered = end;
      return true;
    });
}

function apply(record: JournalRecord, open: Map<number, OpenFile>): void {
  if (record.type === "file") {
    const { staged, identity } = record;
    open.set(record.file, { staged, identity, pieces: new Map(), spans: new Map(), validators: new Map() });
    return;
  }
  if (record.type === "journal" || record.type === "end") return;
  const file = open.get(record.file);
  switch (record.type) {
    case "piece":
      file?.pieces.set(record.start, record);
      return;
    case "span":
      file?.spans.set(`${record.start}-${record.end}`, record.value);
      return;
    case "validator":
      file?.validators.set(record.source, record.value);
      return;
    case "reset":
      file?.pieces.clear();
      file?.spans.clear();
      file?.validators.clear();
      return;
    case "gone":
      open.delete(record.file);
  }
}

/** True when the staged bytes of the one are the beginning of the other. */
export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.path === b.path &&
    a.size === b.size &&
    a.algorithm === b.algorithm &&
    a.unitSize === b.unitSize &&
    a.pins.length === b.pins.length &&
    a.pins.every((pin, index) => pin === b.pins[index])
  );
}
