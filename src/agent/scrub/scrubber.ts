import { isStorageError, StorageError, toStorageError } from "../../errors.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Gopher, ReadyModel } from "../gopher/gopher.ts";
import type { ModelWorker } from "../gopher/model-worker.ts";
import { paceBytes } from "./pace-bytes.ts";
import { scrubModel } from "./scrub-model.ts";

export interface ScrubberOptions {
  readonly gopher: Pick<Gopher, "readyModels" | "reportDamage">;
  readonly worker: Pick<ModelWorker, "check">;
  readonly metrics: Metrics;
  /** Milliseconds between two looks at the files of every Ready model: names, sizes, times. */
  readonly checkIntervalMs: number;
  /** Milliseconds between two readings of every byte. */
  readonly scrubIntervalMs: number;
  readonly bytesPerSecond: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Looks after Ready models until the signal aborts: often whether their files are there and untouched, seldom whether every
 * byte still is what was proven. Damage makes a model leave Ready and be repaired.
 */
export async function runScrubber(options: ScrubberOptions, signal: AbortSignal): Promise<void> {
  await Promise.all([
    repeat(options, options.checkIntervalMs, (model) => check(model, options, signal), signal),
    repeat(options, options.scrubIntervalMs, scrubOf(options, signal), signal),
  ]);
}

/** One pass over all Ready models after each interval; the first comes early or late, so that machines do not march in step. */
async function repeat(
  { gopher, clock, random, logger }: ScrubberOptions,
  intervalMs: number,
  look: (model: ReadyModel) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  for (let wait = intervalMs * (0.5 + random() / 2); ; wait = intervalMs) {
    try {
      await clock.sleep(wait, signal);
    } catch {
      return;
    }
    for (const model of gopher.readyModels()) {
      if (signal.aborted) return;
      try {
        await look(model);
      } catch (error) {
        if (signal.aborted) return;
        const failure = toStorageError(error, "verify", model.wish.path);
        if (isDamage(failure)) gopher.reportDamage(model, failure);
        else logger.warn({ model: model.key, err: failure }, "the model could not be looked at");
      }
    }
  }
}

async function check(model: ReadyModel, { worker }: ScrubberOptions, signal: AbortSignal): Promise<void> {
  const outcome = await worker.check(model.wish, signal);
  if (outcome.state === "ready") return;
  throw new StorageError({
    code: "not_found",
    operation: "look at",
    target: model.wish.path,
    detail: outcome.damage ?? "its proof is gone",
    hint: "It is repaired now; look for who or what changes files there.",
  });
}

function scrubOf(options: ScrubberOptions, signal: AbortSignal): (model: ReadyModel) => Promise<void> {
  const { metrics, clock, logger } = options;
  const pace = paceBytes(options.bytesPerSecond, clock);
  const onBytes = (bytes: number): void => metrics.increment("scrubBytes", {}, bytes);
  return async ({ key, wish }) => {
    if (wish.mode !== "deliver") return;
    try {
      await scrubModel(wish.path, { pace, onBytes, signal });
      logger.debug({ model: key }, "every byte is as it was proven");
    } catch (error) {
      if (isStorageError(error) && isDamage(error)) metrics.increment("scrubErrors", {});
      throw error;
    }
  };
}

function isDamage(error: StorageError): boolean {
  return error.code === "checksum_mismatch" || error.code === "not_found";
}
