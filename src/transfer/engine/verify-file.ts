import { createHash } from "node:crypto";
import { concatenationCrc } from "../digest/concatenation-crc.ts";
import type { DigestPlan, SourcePart } from "../digest/digest-plan.ts";
import { isSerial } from "../digest/serial-hash.ts";
import type { UnitLedger } from "../digest/unit-ledger.ts";
import type { ByteRange } from "../plan/range-set.ts";
import type { Verification } from "../transfer-types.ts";

/** Outcome of comparing a whole file with what its source says. */
export type Verdict =
  | { readonly ok: true; readonly verification: Verification }
  | { readonly ok: false; readonly algorithm: string; readonly expected: string; readonly actual: string };

/** Compares what was computed on the way with the plan's check. `spanValues` are in the order of the plan's spans. */
export function verifyFile(plan: DigestPlan, ledger: UnitLedger, spanValues: readonly string[]): Verdict {
  const { check } = plan;
  if (check.by === "size") return { ok: true, verification: { by: "size" } };
  if (check.by === "ranges") {
    const { algorithm, rangeSize } = check.digest;
    return { ok: true, verification: { by: "source", algorithm, kind: "ranges", rangeSize } };
  }
  const { algorithm, value, kind } = check.digest;
  const expected = value.toLowerCase();
  const actual = computed(plan, ledger, spanValues);
  return actual === expected
    ? { ok: true, verification: { by: "source", algorithm, kind, value: actual } }
    : { ok: false, algorithm, expected, actual };
}

function computed(plan: DigestPlan, ledger: UnitLedger, spanValues: readonly string[]): string {
  const { check } = plan;
  if (check.by === "crc") return ledger.whole();
  if (check.by === "serial") return spanValues[0] ?? "";
  if (check.by !== "composite") return "";
  const { algorithm } = check.digest;
  const values = Buffer.from(partValues(plan, check.parts, ledger, spanValues).join(""), "hex");
  if (!isSerial(algorithm)) return concatenationCrc(algorithm, values);
  return createHash(algorithm === "git-sha1" ? "sha1" : algorithm)
    .update(values)
    .digest("hex");
}

function partValues(
  plan: DigestPlan,
  parts: readonly SourcePart[],
  ledger: UnitLedger,
  spanValues: readonly string[],
): readonly string[] {
  return plan.spans.length > 0 ? spanValues : parts.map(({ start, end }) => ledger.range(start, end) ?? "");
}

/** The source's parts whose bytes do not have the digest that the source tells for them. */
export function damagedParts(
  plan: DigestPlan,
  ledger: UnitLedger,
  spanValues: readonly string[],
): readonly ByteRange[] {
  const { check } = plan;
  if (check.by !== "composite") return [];
  const values = partValues(plan, check.parts, ledger, spanValues);
  return check.parts.filter(
    ({ expected }, index) => expected !== undefined && expected.toLowerCase() !== values[index],
  );
}
