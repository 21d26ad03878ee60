import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { CompositeDigest, Digest, DigestAlgorithm, FullDigest } from "../../../src/storage/digest.ts";
import { chooseDigestPlan, defaultUnitSize } from "../../../src/transfer/digest/digest-plan.ts";
import { candidatePartSizes, inferPartSize } from "../../../src/transfer/digest/part-size.ts";

const mebibyte = 1024 * 1024;

function full(algorithm: DigestAlgorithm, confidence: "stated" | "inferred" = "stated"): FullDigest {
  return { kind: "full", algorithm, value: "00", confidence };
}

function composite(
  algorithm: DigestAlgorithm,
  partCount: number,
  more: Partial<CompositeDigest> = {},
): CompositeDigest {
  return { kind: "composite", algorithm, value: "00", confidence: "stated", partCount, ...more };
}

function checkOf(digests: readonly Digest[], size = 100 * mebibyte): string {
  const { check } = chooseDigestPlan(digests, size);
  return check.by === "size" ? "size" : `${check.by} ${check.digest.algorithm}`;
}

describe("which digest proves a file", () => {
  test("a CRC of the whole before anything else, the cheapest first", () => {
    assert.equal(checkOf([full("sha256"), full("crc64nvme"), full("crc32c")]), "crc crc32c");
    assert.equal(
      checkOf([full("md5"), composite("md5", 10, { partSize: 10 * mebibyte }), full("crc64nvme")]),
      "crc crc64nvme",
    );
  });

  test("digests of the parts, which are computed in parallel, before serial ones of the whole", () => {
    assert.equal(checkOf([full("sha256"), composite("md5", 10, { partSize: 10 * mebibyte })]), "composite md5");
    assert.equal(
      checkOf([
        composite("sha256", 10, { partSize: 10 * mebibyte }),
        composite("crc32", 10, { partSize: 10 * mebibyte }),
      ]),
      "composite crc32",
    );
  });

  test("the cheapest serial one when there is nothing else", () => {
    assert.equal(checkOf([full("md5"), full("sha256"), full("sha1")]), "serial sha256");
    assert.equal(checkOf([full("git-sha1")]), "serial git-sha1");
  });

  test("what is stated before what is inferred, even when it costs more", () => {
    assert.equal(checkOf([full("crc32", "inferred"), full("md5")]), "serial md5");
    assert.equal(checkOf([full("md5", "inferred")]), "serial md5");
  });

  test("without digests the size is all there is, and units are taken all the same", () => {
    const plan = chooseDigestPlan([], 100 * mebibyte);
    assert.deepEqual(plan, {
      unitAlgorithm: "crc32",
      unitSize: defaultUnitSize,
      cuts: [],
      spans: [],
      check: { by: "size" },
    });
  });

  test("units are taken in the CRC that the source offers, so that one pass is enough", () => {
    assert.equal(chooseDigestPlan([full("crc64nvme")], mebibyte).unitAlgorithm, "crc64nvme");
    assert.equal(
      chooseDigestPlan([composite("crc32c", 2, { partSize: 8 * mebibyte })], 16 * mebibyte).unitAlgorithm,
      "crc32c",
    );
  });
});

describe("digests of parts", () => {
  test("units never straddle regular parts", () => {
    for (const [partSize, unitSize] of [
      [8, 8],
      [16, 8],
      [64, 8],
      [5, 5],
      [10, 5],
      [15, 7.5],
      [100, 100 / 16],
    ] as const) {
      const size = partSize * mebibyte * 3 + 7;
      const plan = chooseDigestPlan([composite("md5", 4, { partSize: partSize * mebibyte })], size);
      assert.equal((partSize * mebibyte) % plan.unitSize, 0, `${partSize}: ${plan.unitSize}`);
      assert.equal(plan.unitSize, unitSize * mebibyte);
      assert.deepEqual(plan.cuts, []);
      assert.equal(plan.spans.length, 4);
      assert.equal(plan.spans.at(-1)?.end, size);
    }
  });

  test("CRCs are cut where irregular parts end", () => {
    const parts = [{ size: 3 * mebibyte, value: "01" }, { size: 13 * mebibyte, value: "02" }, { size: 5 }];
    const size = 21 * mebibyte;
    const irregular = parts.map((part, index) => (index === 2 ? { size: 5 * mebibyte } : part));
    const plan = chooseDigestPlan([composite("crc32c", 3, { parts: irregular })], size);
    assert.deepEqual(plan.cuts, [3 * mebibyte]);
    assert.deepEqual(plan.check.by === "composite" && plan.check.parts.map((part) => part.expected), [
      "01",
      "02",
      undefined,
    ]);
  });

  test("parts that do not add up to the object are not used", () => {
    assert.equal(checkOf([composite("md5", 2, { parts: [{ size: 1 }, { size: 2 }] })], 4), "size");
    assert.equal(checkOf([composite("md5", 3, { parts: [{ size: 2 }, { size: 2 }] })], 4), "size");
    assert.equal(checkOf([composite("md5", 3, { partSize: 10 * mebibyte })], 100 * mebibyte), "size");
    assert.equal(checkOf([composite("md5", 2, { parts: [{ size: 4 }, { size: 0 }] })], 4), "size");
  });

  test("a part size that was guessed is marked as such", () => {
    const { check } = chooseDigestPlan([composite("md5", 13)], 100 * mebibyte);
    assert.ok(check.by === "composite" && check.assumed);
    assert.equal(check.parts[0]?.end, 8 * mebibyte);
    const told = chooseDigestPlan([composite("md5", 13, { partSize: 8 * mebibyte })], 100 * mebibyte).check;
    assert.ok(told.by === "composite" && !told.assumed);
  });

  test("a guessed part size always gives the count that the source told", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 10_000 }), (size, count) => {
        const partSize = inferPartSize(size, count);
        if (partSize !== undefined) assert.equal(Math.ceil(size / partSize), count);
      }),
    );
    assert.equal(inferPartSize(100 * mebibyte, 7), 16 * mebibyte);
    assert.equal(inferPartSize(100 * mebibyte, 20), 5 * mebibyte);
    assert.equal(inferPartSize(100 * mebibyte, 1), 100 * mebibyte);
    assert.equal(inferPartSize(100, 7), undefined);
  });

  test("every other part size that fits is a candidate, the uploader's own and usual ones first, a dozen at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 2, max: 10_000 }), (size, count) => {
        const candidates = candidatePartSizes(size, count);
        for (const partSize of candidates) assert.equal(Math.ceil(size / partSize), count);
        assert.ok(candidates.length <= 12 && new Set(candidates).size === candidates.length);
        assert.equal(candidates[0], inferPartSize(size, count));
      }),
    );
    const megabytes = (sizes: readonly number[]) => sizes.map((partSize) => partSize / mebibyte);
    assert.deepEqual(megabytes(candidatePartSizes(60 * mebibyte, 8)), [8, 8e6 / mebibyte]);
    assert.deepEqual(megabytes(candidatePartSizes(60 * mebibyte, 5, [14 * mebibyte])), [14, 12, 13]);
    assert.deepEqual(candidatePartSizes(95_000_000, 10), [10 * mebibyte, 10_000_000]);
  });
});
