import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { loadCrc } from "../../../src/transfer/digest/crc.ts";
import { ReadFailureError } from "../../../src/transfer/http/read-failure.ts";
import type { PartSpec } from "../../../src/transfer/lane/lane-messages.ts";
import { PartSink, type Piece } from "../../../src/transfer/lane/part-sink.ts";
import { SerialSpan } from "../../../src/transfer/lane/serial-span.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";

const makeCrc = await loadCrc("crc32");

function crcOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

function spec(path: string, more: Partial<PartSpec> = {}): PartSpec {
  return {
    part: 1,
    start: 0,
    end: 1000,
    size: 1000,
    file: { kind: "create", path, mode: 0o600 },
    crc: "crc32",
    unitSize: 128,
    cuts: [],
    spans: [],
    journal: undefined,
    ...more,
  };
}

describe("bytes of a part", () => {
  test("each is taken once, from whoever has it first, and the pieces' CRCs are those of what is on disk", async (t) => {
    const directory = await scratchDirectory(t);
    const data = randomBytes(1000);
    let run = 0;
    const delivery = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300 })), { maxLength: 20 });
    fc.assert(
      fc.property(delivery, fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 4 }), (deliveries, cuts) => {
        run += 1;
        const path = join(directory, `${run}.part`);
        const pieces: Piece[] = [];
        const sorted = cuts.toSorted((a, b) => a - b);
        const sink = new PartSink(spec(path, { cuts: sorted }), makeCrc(), [], (piece) => pieces.push(piece));
        const positions = [0, 0];
        for (const [second, count] of [...deliveries, [false, 1000] as const]) {
          const who = second ? 1 : 0;
          const from = Math.min(positions[who] ?? 0, sink.frontier);
          const to = Math.min(1000, from + count);
          const buffer = Buffer.concat([Buffer.alloc(7, 0xee), data.subarray(from, to)]);
          sink.accept(from, buffer, 7, buffer.length);
          positions[who] = to;
        }
        assert.ok(sink.complete);
        sink.close();
        assert.deepEqual(readFileSync(path), data);
        let at = 0;
        for (const piece of pieces) {
          assert.equal(piece.start, at);
          assert.equal(piece.crc, crcOf(data.subarray(piece.start, piece.end)));
          assert.ok(Math.floor(piece.start / 128) === Math.floor((piece.end - 1) / 128), "no piece straddles units");
          at = piece.end;
        }
        assert.equal(at, 1000);
        for (const cut of cuts) assert.ok(pieces.some(({ end }) => end === cut));
      }),
      { numRuns: 50 },
    );
  });

  test("nothing is written past its end", async (t) => {
    const path = join(await scratchDirectory(t), "x.part");
    const sink = new PartSink(spec(path, { start: 100, end: 200 }), makeCrc(), [], () => {});
    const { complete } = sink.accept(50, randomBytes(500), 0, 500);
    assert.ok(complete);
    sink.close();
    assert.equal(readFileSync(path).length, 200);
  });

  test("a part can be ended earlier, but not before what is there", async (t) => {
    const path = join(await scratchDirectory(t), "x.part");
    const pieces: Piece[] = [];
    const data = randomBytes(1000);
    const sink = new PartSink(spec(path), makeCrc(), [], (piece) => pieces.push(piece));
    sink.accept(0, data, 0, 300);
    assert.equal(sink.shrink(512), 512);
    assert.ok(!sink.complete);
    assert.equal(sink.shrink(10), 300);
    assert.ok(sink.complete);
    assert.deepEqual(pieces.at(-1), { start: 256, end: 300, crc: crcOf(data.subarray(256, 300)) });
    sink.close();
  });

  test("what is on disk already is looked at, and its absence is told", async (t) => {
    const path = join(await scratchDirectory(t), "x.part");
    const data = randomBytes(1000);
    writeFileSync(path, data.subarray(0, 900));
    const fd = openSync(path, "r+");
    const pieces: Piece[] = [];
    const sink = new PartSink(spec(path, { file: { kind: "descriptor", fd, path } }), makeCrc(), [], (piece) =>
      pieces.push(piece),
    );
    sink.reread(Buffer.alloc(512));
    assert.equal(pieces[0]?.crc, crcOf(data.subarray(0, 128)));
    assert.throws(() => sink.reread(Buffer.alloc(512)), ReadFailureError);
    closeSync(fd);
  });
});

describe("staged files of small parts", () => {
  test("are made anew, never over a file and never through a link", async (t) => {
    const directory = await scratchDirectory(t);
    const taken = join(directory, "taken.part");
    writeFileSync(taken, "precious");
    const link = join(directory, "link.part");
    symlinkSync(taken, link);
    for (const path of [taken, link]) {
      const sink = new PartSink(spec(path), makeCrc(), [], () => {});
      assert.throws(
        () => sink.accept(0, randomBytes(10), 0, 10),
        (error) => error instanceof ReadFailureError && error.failure.kind === "disk",
      );
    }
    assert.equal(readFileSync(taken, "utf8"), "precious");
  });

  test("are removed when they are discarded", async (t) => {
    const path = join(await scratchDirectory(t), "x.part");
    const sink = new PartSink(spec(path), makeCrc(), [], () => {});
    sink.discard();
    sink.accept(0, randomBytes(10), 0, 10);
    assert.ok(existsSync(path));
    sink.discard();
    assert.ok(!existsSync(path));
  });
});

describe("serial digests", () => {
  test("are those of the bytes in order, in whatever order the bytes come", () => {
    const data = randomBytes(1000);
    const sha256 = createHash("sha256").update(data).digest("hex");
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (cuts, order) => {
          const given: Uint8Array[] = [];
          const span = new SerialSpan({ span: 1, start: 0, end: 1000, algorithms: ["sha256", "md5"] }, (buffer) =>
            given.push(buffer),
          );
          const ends = [...cuts, 1000].toSorted((a, b) => a - b);
          const chunks = ends
            .map((end, index) => ({ start: ends[index - 1] ?? 0, end, key: order.next().value ?? 0 }))
            .toSorted((a, b) => a.key - b.key);
          let held = 0;
          for (const { start, end } of chunks) {
            if (span.accept(start, Buffer.from(data.subarray(start, end)), 0, end - start)) held++;
          }
          assert.ok(span.complete);
          assert.equal(given.length, held, "every held buffer is given back");
          assert.equal(span.values().sha256, sha256);
        },
      ),
    );
  });

  test("what is held is given back when the file is given up", () => {
    const given: Uint8Array[] = [];
    const span = new SerialSpan({ span: 1, start: 0, end: 10, algorithms: ["md5"] }, (buffer) => given.push(buffer));
    const buffer = Buffer.alloc(2);
    assert.ok(span.accept(4, buffer, 0, 2));
    span.release();
    assert.deepEqual(given, [buffer]);
  });
});

test("bytes that leave a gap before them are refused, not written where they do not belong", async (t) => {
  const sink = new PartSink(spec(join(await scratchDirectory(t), "gap.part")), makeCrc(), [], () => {});
  t.after(() => sink.close());
  sink.accept(0, randomBytes(100), 0, 100);
  assert.throws(() => sink.accept(101, randomBytes(50), 0, 50), ReadFailureError);
  assert.equal(sink.frontier, 100);
});
