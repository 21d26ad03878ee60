import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { createCRC32, createCRC64 } from "hash-wasm";
import { concatenationCrc } from "../../../src/transfer/digest/concatenation-crc.ts";
import { loadCrc } from "../../../src/transfer/digest/crc.ts";
import { crcByKernel } from "../../../src/transfer/digest/crc-by-kernel.ts";
import { type CrcAlgorithm, CrcCombiner, emptyCrc } from "../../../src/transfer/digest/crc-combine.ts";

const algorithms: readonly CrcAlgorithm[] = ["crc32", "crc32c", "crc64nvme"];

/** The check values of the catalogue of parametrised CRC algorithms: the CRC of the digits 1 to 9. */
const checkValues: Readonly<Record<CrcAlgorithm, string>> = {
  crc32: "cbf43926",
  crc32c: "e3069283",
  crc64nvme: "ae8b14860a799888",
};

const hashers = { crc32c: await createCRC32(0x82f63b78), crc64nvme: await createCRC64("9a6c9329ac4bc9b5") };

function reference(algorithm: CrcAlgorithm, bytes: Uint8Array): string {
  if (algorithm === "crc32") return zlibCrc32(bytes).toString(16).padStart(8, "0");
  return hashers[algorithm].init().update(bytes).digest("hex");
}

describe("running CRCs", () => {
  for (const algorithm of algorithms) {
    test(`${algorithm} has its check value, also from bytes that come one by one`, async () => {
      const crc = (await loadCrc(algorithm))();
      crc.update(Buffer.from("123456789"));
      assert.equal(crc.take(), checkValues[algorithm]);
      for (const digit of "123456789") crc.update(Buffer.from(digit));
      assert.equal(crc.take(), checkValues[algorithm]);
    });

    test(`${algorithm} agrees with another implementation and starts anew after each value`, async () => {
      const crc = (await loadCrc(algorithm))();
      const data = randomBytes(400_001);
      for (const [start, end] of [
        [0, 0],
        [0, 1],
        [3, 131_075],
        [0, 131_072],
        [1, 400_001],
      ] as const) {
        crc.update(data.subarray(start, end));
        assert.equal(crc.take(), reference(algorithm, data.subarray(start, end)));
      }
    });
  }

  test("two CRCs that run at the same time do not disturb each other", async () => {
    const make = await loadCrc("crc64nvme");
    const [a, b] = [make(), make()];
    a.update(Buffer.from("1234"));
    b.update(Buffer.from("xyz"));
    a.update(Buffer.from("56789"));
    assert.equal(a.take(), checkValues.crc64nvme);
    assert.equal(b.take(), reference("crc64nvme", Buffer.from("xyz")));
  });

  test("the kernel computes 32-bit CRCs as well, whatever the pieces", async () => {
    const crc = (await crcByKernel("crc32c"))();
    const data = randomBytes(300_000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(data.length), { maxLength: 6 }), async (offsets) => {
        const cuts = [0, ...offsets.toSorted((x, y) => x - y), data.length];
        for (let index = 1; index < cuts.length; index++) crc.update(data.subarray(cuts[index - 1], cuts[index]));
        assert.equal(crc.take(), reference("crc32c", data));
      }),
      { numRuns: 25 },
    );
  });
});

describe("combining CRCs", () => {
  for (const algorithm of algorithms) {
    test(`${algorithm} of the whole follows from the pieces`, () => {
      const combiner = new CrcCombiner(algorithm);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
          const combined = combiner.combine(reference(algorithm, first), reference(algorithm, second), second.length);
          assert.equal(combined, reference(algorithm, Buffer.concat([first, second])));
        }),
        { numRuns: 200 },
      );
    });

    test(`${algorithm} of nothing is neutral`, () => {
      const combiner = new CrcCombiner(algorithm);
      assert.equal(combiner.combine(emptyCrc(algorithm), checkValues[algorithm], 9), checkValues[algorithm]);
      assert.equal(combiner.combine(checkValues[algorithm], emptyCrc(algorithm), 0), checkValues[algorithm]);
    });

    test(`${algorithm} is combined over lengths beyond 32 bits`, () => {
      const combiner = new CrcCombiner(algorithm);
      const length = 2 ** 33 + 12_345;
      const half = Math.floor(length / 2);
      const zeros = (count: number): string => combiner.combine(reference(algorithm, Buffer.of(0)), "0", count);
      assert.equal(combiner.combine(zeros(half), "0", length - half), zeros(length));
    });

    test(`${algorithm} of a few bytes needs nothing loaded`, () => {
      const bytes = randomBytes(129);
      assert.equal(concatenationCrc(algorithm, bytes), reference(algorithm, bytes));
      assert.equal(concatenationCrc(algorithm, Buffer.from("123456789")), checkValues[algorithm]);
    });
  }
});
