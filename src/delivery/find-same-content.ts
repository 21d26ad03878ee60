import type { Proof } from "../store/proof.ts";
import { systemClock } from "../telemetry/clock.ts";
import type { DeliveryPlace } from "./delivery-types.ts";
import { withSource } from "./open-source.ts";
import { planModel } from "./plan-model.ts";
import { isRecorded, isSameContent, originOf, type PlannedFile } from "./planned-file.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { selectionOf } from "./selection-of.ts";

/** A proven model on this machine that may hold what another one wants. */
export interface ContentCandidate {
  /** Bytes and files of the whole model: a first look without the proof. */
  readonly totals: { readonly files: number; readonly bytes: number };
  /** Undefined when the proof is gone. */
  readonly proof: () => Promise<Proof | undefined>;
}

/** Digests by which files of different models are told to be equal: a CRC of 32 bits may be equal by chance. */
const telling: ReadonlySet<string> = new Set(["md5", "sha1", "sha256", "git-sha1", "crc64nvme"]);

/**
 * Finds a candidate that holds exactly the files that the source has now: by their digests, or as the same version of the same
 * objects. A digest that is only inferred proves as much when it is the one that was computed of the file. Lists the source
 * and moves no bytes. Throws what a delivery throws before its first side effect.
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
    if (record === undefined || record.size !== file.size) return false;
    if (record.origin.uri === originOf(file).uri && isSameContent(file, record)) return true;
    return file.info.digests.some((digest) => telling.has(digest.algorithm) && isRecorded(digest, record));
  });
}
