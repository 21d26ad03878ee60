import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { crc32 } from "node:zlib";
import type { CompositeDigest } from "../../../src/storage/digest.ts";
import { chooseDigestPlan } from "../../../src/transfer/digest/digest-plan.ts";
import { UnitLedger } from "../../../src/transfer/digest/unit-ledger.ts";
import { damagedParts, verifyFile } from "../../../src/transfer/engine/verify-file.ts";

const partSize = 4096;
const data = randomBytes(3 * partSize + 100);
const parts = Array.from({ length: 4 }, (_, index) => data.subarray(index * partSize, (index + 1) * partSize));

function crcOf(bytes: Uint8Array): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return value;
}

function md5Of(bytes: Uint8Array): Buffer {
  return createHash("md5").update(bytes).digest();
}

function composite(algorithm: "crc32" | "md5", hash: (bytes: Uint8Array) => Buffer, told: boolean): CompositeDigest {
  const digests = parts.map(hash);
  return {
    kind: "composite",
    algorithm,
    value: hash(Buffer.concat(digests)).toString("hex"),
    confidence: "stated",
    partCount: parts.length,
    parts: parts.map((part, index) => ({
      size: part.length,
      value: told ? digests[index]?.toString("hex") : undefined,
    })),
  };
}

describe("composite digests", () => {
  test("CRCs of the parts are combined from pieces and taken together as S3 does", () => {
    const plan = chooseDigestPlan([composite("crc32", crcOf, true)], data.length);
    const ledger = new UnitLedger(plan.unitAlgorithm, plan.unitSize, data.length);
    for (const [index, part] of parts.entries()) {
      const start = index * partSize;
      ledger.add(start, start + 7, crcOf(part.subarray(0, 7)).toString("hex"));
      ledger.add(start + 7, start + part.length, crcOf(part.subarray(7)).toString("hex"));
    }
    const verdict = verifyFile(plan, ledger, []);
    assert.ok(verdict.ok && verdict.verification.by === "source" && verdict.verification.kind === "composite");
    assert.deepEqual(damagedParts(plan, ledger, []), []);
  });

  test("md5 of the parts", () => {
    const plan = chooseDigestPlan([composite("md5", md5Of, false)], data.length);
    const ledger = new UnitLedger("crc32", plan.unitSize, data.length);
    const values = parts.map((part) => md5Of(part).toString("hex"));
    assert.ok(verifyFile(plan, ledger, values).ok);
    const wrong = verifyFile(plan, ledger, ["0".repeat(32), ...values.slice(1)]);
    assert.ok(!wrong.ok && wrong.expected !== wrong.actual);
    assert.deepEqual(
      damagedParts(plan, ledger, ["0".repeat(32), ...values.slice(1)]),
      [],
      "no part is known to be wrong",
    );
  });

  test("the damaged part is known where the source tells digests of parts", () => {
    const plan = chooseDigestPlan([composite("md5", md5Of, true)], data.length);
    const ledger = new UnitLedger("crc32", plan.unitSize, data.length);
    const values = parts.map((part, index) => (index === 2 ? "0".repeat(32) : md5Of(part).toString("hex")));
    assert.ok(!verifyFile(plan, ledger, values).ok);
    assert.deepEqual(
      damagedParts(plan, ledger, values).map(({ start, end }) => [start, end]),
      [[2 * partSize, 3 * partSize]],
    );
  });
});

describe("digests of the whole", () => {
  test("values in capitals are the same values", () => {
    const value = createHash("sha256").update(data).digest("hex");
    const plan = chooseDigestPlan(
      [{ kind: "full", algorithm: "sha256", value: value.toUpperCase(), confidence: "stated" }],
      data.length,
    );
    assert.ok(verifyFile(plan, new UnitLedger("crc32", plan.unitSize, data.length), [value]).ok);
  });

  test("a digest that was never computed proves nothing", () => {
    const plan = chooseDigestPlan(
      [{ kind: "full", algorithm: "sha256", value: "00", confidence: "stated" }],
      data.length,
    );
    assert.ok(!verifyFile(plan, new UnitLedger("crc32", plan.unitSize, data.length), []).ok);
  });
});
