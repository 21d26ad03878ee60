import { toStorageError } from "../errors.ts";
import type { SkippedFile } from "../models/selection.ts";
import { abortError } from "../storage/cancellation.ts";
import { nodeFileSystem as fileSystem } from "../store/file-system.ts";
import { systemClock } from "../telemetry/clock.ts";
import { assessDestination, type FileTask } from "./assess-destination.ts";
import { checkDestination } from "./check-destination.ts";
import type { DeliveryPlace } from "./delivery-types.ts";
import { withSource } from "./open-source.ts";
import { placementOf } from "./placement.ts";
import { planModel } from "./plan-model.ts";
import { ProgressMeter } from "./progress-meter.ts";
import { selectionOf } from "./selection-of.ts";
import { filesToFetch } from "./share-content.ts";
import { type SpaceNeeded, spaceNeeded } from "./space-needed.ts";

/** What a delivery would do with one file. */
export interface PlannedDelivery {
  readonly path: string;
  readonly size: number;
  /** `proven`: nothing. `recheck`, `adopt`: read what is there, and fetch it only if it is wrong. `fetch`: fetch it. */
  readonly todo: FileTask["todo"];
  /** Whether the source offers a digest to prove it by. */
  readonly verifiable: boolean;
}

/** What `deliver` would do now; nothing was changed to find out. */
export interface DeliveryPlan {
  readonly destination: string;
  /** Redacted URI of the source. */
  readonly uri: string;
  readonly provider: string;
  readonly revision?: string | undefined;
  /** Sorted by path. */
  readonly files: readonly PlannedDelivery[];
  readonly totalBytes: number;
  /** Bytes to fetch at least, equal contents once; files to be read first are not counted. */
  readonly fetchBytes: number;
  readonly skipped: readonly SkippedFile[];
  /** Files of a former delivery that would be removed. */
  readonly obsolete: readonly string[];
  readonly space: SpaceNeeded;
  /** True when nothing would be done. */
  readonly complete: boolean;
}

/** Plans a delivery without any side effect. Throws what {@link deliver} throws before its first one, `no_space` excepted. */
export async function planDelivery(request: DeliveryPlace): Promise<DeliveryPlan> {
  const { signal, clock = systemClock } = request;
  try {
    const destination = await checkDestination(request.destination, request.root, fileSystem);
    const meter = new ProgressMeter(undefined, clock);
    const rules = selectionOf(request);
    const placement = placementOf(request);
    const plan = await withSource(request, (client, uri) => {
      return planModel({ client, uri, rules, destination, meter, signal });
    });
    const { tasks, obsolete, complete } = await assessDestination(destination, plan, fileSystem, request);
    const fetchSizes = placement === "copy" ? filesToFetch(tasks) : [];
    const files = tasks.map(({ todo, file }) => {
      const { digests, rangeDigests = [] } = file.info;
      const verifiable = digests.length + rangeDigests.length > 0;
      return { path: file.path, size: file.size, todo, verifiable };
    });
    return {
      destination,
      uri: plan.uri,
      provider: plan.provider,
      revision: plan.revision,
      files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
      totalBytes: files.reduce((sum, { size }) => sum + size, 0),
      fetchBytes: fetchSizes.reduce((sum, size) => sum + size, 0),
      skipped: plan.skipped,
      obsolete: obsolete.map(({ path }) => path),
      space: await spaceNeeded(destination, fetchSizes, fileSystem),
      complete,
    };
  } catch (error) {
    if (signal?.aborted) throw abortError(signal, "plan delivery to", request.destination);
    throw toStorageError(error, "plan delivery to", request.destination);
  }
}
