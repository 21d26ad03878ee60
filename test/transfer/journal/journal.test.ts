import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type FileIdentity,
  formatRecord,
  type JournalRecord,
  journalVersion,
  parseJournal,
} from "../../../src/transfer/journal/journal-record.ts";
import { replayJournal, sameIdentity } from "../../../src/transfer/journal/journal-state.ts";
import { JournalWriter } from "../../../src/transfer/journal/journal-writer.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const header: JournalRecord = { type: "journal", version: journalVersion, bootId: "boot" };

function identity(path: string): FileIdentity {
  return { path, size: 100, pins: ["s3 100 etag"], algorithm: "crc32", unitSize: 10 };
}

function file(number: number, path: string): JournalRecord {
  return { type: "file", file: number, staged: `${path}.part`, identity: identity(path) };
}

function piece(number: number, start: number, end: number): JournalRecord {
  return { type: "piece", file: number, start, end, crc: `${start}-${end}` };
}

describe("records as lines", () => {
  test("a journal that is torn anywhere gives the records before the tear, never others", () => {
    const records: readonly JournalRecord[] = [
      header,
      file(0, "a"),
      piece(0, 0, 10),
      piece(0, 20, 30),
      { type: "end", files: [] },
    ];
    const text = records.map(formatRecord).join("");
    for (let length = 0; length <= text.length; length++) {
      const parsed = parseJournal(text.slice(0, length));
      assert.deepEqual(parsed, records.slice(0, parsed.length));
      const whole = text.slice(0, length).split("\n").length - 1;
      assert.equal(parsed.length, whole);
    }
  });

  test("a journal that is damaged anywhere gives records that were written, or none", () => {
    const records: readonly JournalRecord[] = [header, file(0, "a"), piece(0, 0, 10), piece(0, 20, 30)];
    const bytes = Buffer.from(records.map(formatRecord).join(""));
    const known = new Set(records.map((record) => JSON.stringify(record)));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        for (const record of parseJournal(damaged.toString("utf8"))) assert.ok(known.has(JSON.stringify(record)));
      }),
    );
  });

  test("another version, or no header, is not read at all", () => {
    assert.deepEqual(
      parseJournal(formatRecord({ ...header, version: journalVersion + 1 }) + formatRecord(file(0, "a"))),
      [],
    );
    assert.deepEqual(parseJournal(formatRecord(file(0, "a"))), []);
    assert.deepEqual(parseJournal(""), []);
    assert.deepEqual(parseJournal("garbage\n"), []);
  });
});

describe("what a journal adds up to", () => {
  test("pieces by file, without those of files that are gone or were begun anew", () => {
    const state = replayJournal([
      header,
      file(0, "a"),
      file(1, "b"),
      piece(0, 0, 10),
      piece(1, 0, 10),
      { type: "validator", file: 0, source: "s3", value: '"x"' },
      { type: "span", file: 0, start: 0, end: 10, value: "aa" },
      file(2, "c"),
      piece(2, 30, 40),
      { type: "reset", file: 2 },
      piece(2, 50, 60),
      { type: "gone", file: 1 },
    ]);
    assert.ok(state);
    assert.equal(state.bootId, "boot");
    assert.deepEqual([...state.files.keys()], ["a", "c"]);
    const a = state.files.get("a");
    assert.deepEqual(
      a?.pieces.map(({ start, end }) => [start, end]),
      [[0, 10]],
    );
    assert.equal(a?.spans.get("0-10"), "aa");
    assert.equal(a?.validators.get("s3"), '"x"');
    assert.equal(state.files.get("c")?.pieces[0]?.start, 50);
  });

  test("pieces are disjoint and in order: a whole unit replaces its beginnings", () => {
    const state = replayJournal([
      header,
      file(0, "a"),
      piece(0, 10, 13),
      piece(0, 13, 15),
      piece(0, 0, 10),
      piece(0, 10, 20),
    ]);
    assert.deepEqual(
      state?.files.get("a")?.pieces.map(({ start, end }) => [start, end]),
      [
        [0, 10],
        [10, 20],
      ],
    );
  });

  test("only an end that nothing follows is an orderly end", () => {
    const end: JournalRecord = { type: "end", files: [{ file: 0, mtimeNs: "1", inode: "2" }] };
    assert.equal(replayJournal([header, file(0, "a"), end])?.files.get("a")?.left?.inode, "2");
    assert.equal(replayJournal([header, file(0, "a"), end, piece(0, 0, 10)])?.files.get("a")?.left, undefined);
    assert.equal(replayJournal([header, file(0, "a")])?.files.get("a")?.left, undefined);
  });

  test("a file is the same when nothing that its bytes depend on differs", () => {
    const base = identity("a");
    assert.ok(sameIdentity(base, { ...base, pins: [...base.pins] }));
    for (const other of [
      { path: "b" },
      { size: 1 },
      { pins: ["s3 100 other"] },
      { pins: [] },
      { unitSize: 5 },
      { algorithm: "crc32c" },
    ] as const) {
      assert.ok(!sameIdentity(base, { ...base, ...other }), JSON.stringify(other));
    }
  });
});

describe("writing", () => {
  test("records are on disk when the journal is closed, in order, after an earlier journal was replaced", async (t) => {
    const path = join(await scratchDirectory(t), "journal");
    const first = await JournalWriter.begin(path, [file(0, "old")]);
    await first.close();
    const writer = await JournalWriter.begin(path, [file(0, "a")]);
    for (let unit = 0; unit < 500; unit++) writer.append(piece(0, unit * 10, unit * 10 + 10));
    await writer.close();
    const records = parseJournal(await readFile(path, "utf8"));
    assert.equal(records.length, 502);
    assert.deepEqual(records.slice(1, 3), [file(0, "a"), piece(0, 0, 10)]);
  });

  test("a record is written without waiting for more", async (t) => {
    const path = join(await scratchDirectory(t), "journal");
    const writer = await JournalWriter.begin(path, []);
    writer.append(file(0, "a"));
    for (let wait = 0; wait < 500 && parseJournal(await readFile(path, "utf8")).length < 2; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(parseJournal(await readFile(path, "utf8")).length, 2);
    await writer.close();
  });
});
