import { mkdir, stat } from "node:fs/promises";
import { StorageError, toStorageError } from "../errors.ts";
import { diskError } from "../store/disk-error.ts";
import { acquireLease, type Lease } from "../store/lease.ts";
import type { LeaseOwner } from "../store/lease-file.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { isNotWritable } from "./gopher/failure-reason.ts";

export interface ModelsRootOptions {
  /** Absolute. Made when it does not exist. */
  readonly modelsRoot: string;
  /** See `LeaseOptions.instance`. */
  readonly instance: string | undefined;
  /** Wait for another agent to give the root up instead of failing: the successor of a pod that is being stopped. */
  readonly awaitRoot?: boolean | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes the models root. Throws `config_invalid` when it is a file. */
export async function requireModelsRoot(modelsRoot: string): Promise<void> {
  try {
    await mkdir(modelsRoot, { recursive: true });
    if ((await stat(modelsRoot)).isDirectory()) return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw diskError(error, "use the models root", modelsRoot);
  }
  throw new StorageError({
    code: "config_invalid",
    operation: "use the models root",
    target: modelsRoot,
    detail: "it is a file",
    hint: "Give a directory with --models-root.",
  });
}

/** The lease of the root. On a root that cannot be written there is none, and nothing can be written that it would guard. */
export async function takeModelsRoot(options: ModelsRootOptions, signal: AbortSignal): Promise<Lease | undefined> {
  const { modelsRoot: directory, instance, awaitRoot: wait, clock, logger } = options;
  const onWait = (holder: LeaseOwner | undefined): void => {
    logger.info({ modelsRoot: directory, holder }, "waiting for another agent to give up the models root");
  };
  try {
    return await acquireLease({ directory, purpose: "agent", instance, wait, onWait, signal, clock });
  } catch (error) {
    const failure = toStorageError(error, "take the lease of", directory);
    if (!isNotWritable(failure)) throw failure;
    logger.warn(
      { err: failure },
      "the models root cannot be written: models that are there are served, none is brought",
    );
    return undefined;
  }
}
