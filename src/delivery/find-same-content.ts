import type { Proof } from "../store/proof.ts";
import { systemClock } from "../telemetry/clock.ts";
import type { DeliveryPlace } from "./delivery-types.ts";
import { withSource } from "./open-source.ts";
import { planModel } from "./plan-model.ts";
import { isSameContent, type PlannedFile } from "./planned-file.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { selectionOf } from "./selection-of.ts";

/** A proven model on this machine that may hold what another one wants. */
export interface ContentCandidate {
  /** Bytes and files of the whole model: a first look without the proof. */
  readonly totals: { readonly files: number; readonly bytes: number };
  /** Undefined when the proof is gone. */
  readonly proof: () => Promise<Proof | undefined>;
}

/**
 * Finds a candidate that holds exactly the files that the source has now, proven by digests that the source states or by the
 * same version of the same objects. Lists the source, and moves no bytes. Throws what a delivery throws before its first side effect.
 */
export async function findSameContent<Candidate extends ContentCandidate>(
  request: Pick<DeliveryPlace, "source" | "destination" | "selection" | "signal" | "logger" | "clock" | "random">,
  candidates: readonly Candidate[],
): Promise<Candidate | undefined> {
  const { destination, signal, clock = systemClock } = request;
  const meter = new ProgressMeter(undefined, clock);
  const rules = selectionOf(request);
  const { files } = await withSource(request, (client, uri) =>
    planModel({ client, uri, rules, destination, meter, signal }),
  );
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  for (const candidate of candidates) {
    if (candidate.totals.files !== files.length || candidate.totals.bytes !== bytes) continue;
    const proof = await candidate.proof();
    if (proof !== undefined && holds(proof, files)) return candidate;
  }
  return undefined;
}

function holds(proof: Proof, files: readonly PlannedFile[]): boolean {
  const records = new Map(proof.files.map((record) => [record.path, record]));
  return files.every((file) => {
    const record = records.get(file.path);
    return record !== undefined && isSameContent(file, record);
  });
}
