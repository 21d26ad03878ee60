import { toStorageError } from "../errors.ts";
import { abortError } from "../storage/cancellation.ts";
import type { Storage } from "../storage/storage.ts";
import { nodeFileSystem as fileSystem } from "../store/file-system.ts";
import { acquireLease, type Lease } from "../store/lease.ts";
import type { Proof } from "../store/proof.ts";
import { systemClock } from "../telemetry/clock.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { type Assessment, assessDestination } from "./assess-destination.ts";
import { checkCompleteness } from "./check-completeness.ts";
import { checkDestination, checkWritable } from "./check-destination.ts";
import { clearAfterProof, clearEmpty, clearUpTo, nearestExisting } from "./clear-traces.ts";
import type { DeliveryRequest, DeliveryResult } from "./delivery-types.ts";
import { finishModel } from "./finish-model.ts";
import { ModelWriter, type WrittenBytes } from "./model-writer.ts";
import { withSource } from "./open-source.ts";
import { type Placement, placementOf } from "./placement.ts";
import { type ModelPlan, planModel } from "./plan-model.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { provenOffline } from "./proven-offline.ts";
import { selectionOf } from "./selection-of.ts";
import { filesToFetch } from "./share-content.ts";
import { requireSpace, spaceNeeded } from "./space-needed.ts";
import { tuningOf } from "./transfer-tuning.ts";

/**
 * Brings one model from its URI to its proof: lists, selects, compares with the destination, fetches what is missing,
 * checks that the model is whole, and proves it. A destination that is proven already costs a listing and one `stat` per
 * file. What was interrupted is continued; what changed at the source is replaced; what the source lost is removed.
 *
 * Before any side effect it throws `config_invalid`, `unsafe_path`, `not_found`, `no_space`, `permission_denied` and what
 * the source answers; later `unavailable` when someone else writes there, `incomplete_model`, `checksum_mismatch`,
 * `cancelled` and the errors of transfer and disk. Whatever it throws, the same call continues where this one stopped.
 */
export async function deliver(request: DeliveryRequest): Promise<DeliveryResult> {
  const { signal, clock = systemClock } = request;
  const startedAt = clock.monotonic();
  const meter = new ProgressMeter(request.onProgress, clock);
  try {
    const destination = await checkDestination(request.destination, request.root, fileSystem);
    const rules = selectionOf(request);
    const placement = placementOf(request);
    return await withSource(request, async (client, uri) => {
      let plan: ModelPlan;
      try {
        plan = await planModel({ client, uri, rules, destination, meter, signal });
      } catch (error) {
        const { logger } = request;
        const proof = await provenOffline(error, { destination, uri, rules, signal, logger });
        const of = { uri: proof.request.uri, provider: proof.provider, revision: proof.revision, skipped: [] };
        return resultOf(destination, of, unchangedOutcome(proof), clock.monotonic() - startedAt);
      }
      const outcome = await bringModel({ request, destination, client, plan, meter, placement });
      return resultOf(destination, plan, outcome, clock.monotonic() - startedAt);
    });
  } catch (error) {
    if (signal?.aborted) throw abortError(signal, "deliver to", request.destination);
    throw toStorageError(error, "deliver to", request.destination);
  }
}

interface Run {
  readonly request: DeliveryRequest;
  readonly destination: string;
  readonly client: Storage;
  readonly plan: ModelPlan;
  readonly meter: ProgressMeter;
  readonly placement: Placement;
}

interface Outcome {
  readonly proof: Proof;
  readonly unchanged: boolean;
  readonly written: WrittenBytes;
  readonly removedFiles: number;
}

async function bringModel(run: Run): Promise<Outcome> {
  const { request, destination, plan } = run;
  const { signal, clock, wait, instance, logger = silentLogger } = request;
  const assessment = await assessDestination(destination, plan, fileSystem, request);
  const proven = provenOutcome(assessment);
  if (proven !== undefined) {
    await clearAfterProof(destination, fileSystem);
    return proven;
  }
  await checkWritable(destination, fileSystem);
  const sizes = run.placement === "copy" ? filesToFetch(assessment.tasks) : [];
  requireSpace(destination, await spaceNeeded(destination, sizes, fileSystem));
  const existing = await nearestExisting(destination, fileSystem);
  const lease = await acquireLease({
    directory: destination,
    purpose: "download",
    instance,
    wait,
    signal,
    clock,
    onWait: (holder) => logger.info({ destination, holder }, "waiting for another writer"),
  });
  let done = false;
  try {
    const outcome = await writeUnderLease(run, assessment, lease);
    done = true;
    return outcome;
  } catch (error) {
    throw lease.lost.aborted && signal?.aborted !== true ? lease.lost.reason : error;
  } finally {
    if (!done && !lease.lost.aborted) await clearEmpty(destination, fileSystem);
    await lease.release();
    if (!done) await clearUpTo(destination, existing, fileSystem);
  }
}

async function writeUnderLease(run: Run, before: Assessment, lease: Lease): Promise<Outcome> {
  const { request, destination, client, plan, meter, placement } = run;
  const { clock = systemClock } = request;
  const assessment = lease.waited ? await assessDestination(destination, plan, fileSystem, request) : before;
  const proven = provenOutcome(assessment);
  if (proven !== undefined) return proven;
  const signal = request.signal === undefined ? lease.lost : AbortSignal.any([request.signal, lease.lost]);
  const { foldedConflicts } = plan;
  const transfer = tuningOf(request);
  const writer = await ModelWriter.open({
    client,
    destination,
    assessment,
    lease,
    fileSystem,
    meter,
    signal,
    foldedConflicts,
    transfer,
    placement,
  });
  try {
    const written = await writer.write();
    meter.finalizing();
    const { records, heads } = writer;
    await checkCompleteness({ destination, plan, records, heads, fileSystem, signal });
    signal.throwIfAborted();
    const removedFiles = await writer.removeObsolete();
    const proof = await finishModel({ destination, plan, records, lease, now: clock.now(), fileSystem });
    return { proof, unchanged: false, written, removedFiles };
  } finally {
    await writer.close();
  }
}

function provenOutcome({ complete, proof }: Assessment): Outcome | undefined {
  return complete && proof !== undefined ? unchangedOutcome(proof) : undefined;
}

function unchangedOutcome(proof: Proof): Outcome {
  const written = { fetchedBytes: 0, resumedBytes: 0, reusedBytes: proof.totals.bytes, linkedBytes: 0 };
  return { proof, unchanged: true, written, removedFiles: 0 };
}

function resultOf(
  destination: string,
  plan: Pick<ModelPlan, "uri" | "provider" | "revision" | "skipped">,
  outcome: Outcome,
  durationMs: number,
): DeliveryResult {
  const { proof, unchanged, written, removedFiles } = outcome;
  const { uri, provider, revision, skipped } = plan;
  const { totals } = proof;
  return { destination, uri, provider, revision, totals, unchanged, ...written, removedFiles, skipped, durationMs };
}
