import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { UnitLedger } from "../../../src/transfer/digest/unit-ledger.ts";

function crcOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

test("pieces in any order become units, stretches and the whole", () => {
  const data = randomBytes(1000);
  const unitSize = 128;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 999 }), { maxLength: 20 }),
      fc.infiniteStream(fc.nat()),
      (cuts, order) => {
        const ledger = new UnitLedger("crc32", unitSize, data.length);
        const boundaries = Array.from({ length: 8 }, (_, index) => index * unitSize);
        const ends = [...new Set([...cuts, ...boundaries, data.length])]
          .filter((at) => at > 0)
          .toSorted((a, b) => a - b);
        const pieces = ends.map((end, index) => ({ start: ends[index - 1] ?? 0, end }));
        const shuffled = pieces
          .map((piece) => ({ piece, key: order.next().value ?? 0 }))
          .toSorted((a, b) => a.key - b.key);
        let units = 0;
        for (const { piece } of shuffled) {
          if (ledger.add(piece.start, piece.end, crcOf(data.subarray(piece.start, piece.end))) !== undefined) units++;
        }
        assert.equal(units, 8);
        assert.ok(ledger.complete);
        assert.equal(ledger.whole(), crcOf(data));
        for (let unit = 0; unit < 8; unit++) {
          assert.equal(ledger.values()[unit], crcOf(data.subarray(unit * unitSize, (unit + 1) * unitSize)));
        }
        const [from = 0, to = data.length] = [ends[2], ends[5]];
        assert.equal(ledger.range(from, to), crcOf(data.subarray(from, to)));
      },
    ),
  );
});

test("a unit that is forgotten has to be read again", () => {
  const ledger = new UnitLedger("crc32", 4, 10);
  for (const [start, end] of [
    [0, 4],
    [4, 8],
    [8, 10],
  ] as const)
    ledger.add(start, end, "00000001");
  assert.ok(ledger.complete);
  ledger.forget(1);
  assert.ok(!ledger.complete);
  assert.equal(ledger.unit(1), undefined);
  assert.equal(ledger.range(4, 8), undefined);
  assert.equal(ledger.add(4, 8, "00000002"), 1);
  assert.ok(ledger.complete);
});

test("an empty file has no units and the CRC of nothing", () => {
  const ledger = new UnitLedger("crc64nvme", 4, 0);
  assert.ok(ledger.complete);
  assert.deepEqual(ledger.values(), []);
  assert.equal(ledger.whole(), "0000000000000000");
});
