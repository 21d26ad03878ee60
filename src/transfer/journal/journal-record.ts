import { crc32 } from "node:zlib";
import type { UnitDigests } from "../transfer-types.ts";

/** Version of the format. A journal of another version is not read: its transfer starts anew. */
export const journalVersion = 1;

/** What makes a staged file the beginning of the same bytes. */
export interface FileIdentity {
  readonly path: string;
  readonly size: number;
  /** Pins of its sources, as text, in the order of their ids. */
  readonly pins: readonly string[];
  readonly algorithm: UnitDigests["algorithm"];
  readonly unitSize: number;
}

/** One line of a journal. `file` numbers are the journal's own. */
export type JournalRecord =
  | { readonly type: "journal"; readonly version: number; readonly bootId: string }
  | { readonly type: "file"; readonly file: number; readonly staged: string; readonly identity: FileIdentity }
  /** These bytes are written, and this is their CRC: a whole unit, or the beginning of one where a writer was stopped. */
  | {
      readonly type: "piece";
      readonly file: number;
      readonly start: number;
      readonly end: number;
      readonly crc: string;
    }
  /** A serial digest over a stretch that is written. */
  | {
      readonly type: "span";
      readonly file: number;
      readonly start: number;
      readonly end: number;
      readonly value: string;
    }
  /** What the first answer of a source promised for all others: its etag or modification time. */
  | { readonly type: "validator"; readonly file: number; readonly source: string; readonly value: string }
  /** Everything noted of the file is void: it is read anew. */
  | { readonly type: "reset"; readonly file: number }
  /** The file is published, or given up. */
  | { readonly type: "gone"; readonly file: number }
  /** The writer stopped in order; what `stat` says of the staged files it leaves. */
  | { readonly type: "end"; readonly files: readonly StagedState[] };

/** What `stat` says of a staged file as long as nobody touches it. */
export interface StagedState {
  readonly file: number;
  readonly mtimeNs: string;
  readonly inode: string;
}

/** One record as a line: CRC-32 of the text in hexadecimal, a space, the text as JSON, a line feed. */
export function formatRecord(record: JournalRecord): string {
  const text = JSON.stringify(record);
  return `${checksum(text)} ${text}\n`;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

/**
 * Reads the records of a journal up to the first line that is torn or damaged: what comes after it may be anything.
 * Empty when the first record is missing or of another version.
 */
export function parseJournal(text: string): readonly JournalRecord[] {
  const records: JournalRecord[] = [];
  for (let at = 0; ; ) {
    const end = text.indexOf("\n", at);
    const line = end < 0 ? undefined : text.slice(at, end);
    if (line === undefined || line.charAt(8) !== " " || checksum(line.slice(9)) !== line.slice(0, 8)) break;
    records.push(JSON.parse(line.slice(9)) as JournalRecord);
    at = end + 1;
  }
  const [first] = records;
  return first?.type === "journal" && first.version === journalVersion ? records : [];
}
