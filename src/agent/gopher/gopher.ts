import { type StorageError, toStorageError } from "../../errors.ts";
import type { Clock, Random } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import type { ModelWish } from "../model-wish.ts";
import type { ModelState } from "../status/model-status.ts";
import type { StatusPublisher } from "../status/status-publisher.ts";
import { type Action, type Decision, decide, type Limits } from "./decide.ts";
import { failureReason } from "./failure-reason.ts";
import type { GopherObserver } from "./gopher-observer.ts";
import { type DeliveryLimits, limitDelivery } from "./limit-delivery.ts";
import { type ModelTask, needsFiles, newTask, type StatusDetails, statusOf, viewOf } from "./model-task.ts";
import type { ModelWorker, ReadyReport } from "./model-worker.ts";
import { pathsOverlap } from "./path-claims.ts";
import { readyMessage } from "./ready-message.ts";
import { retryDelay } from "./retry-delay.ts";

export interface GopherOptions {
  readonly worker: ModelWorker;
  readonly publisher: StatusPublisher;
  readonly observer: GopherObserver;
  readonly limits: Limits & DeliveryLimits;
  /** Another model, not necessarily wished for here, for whose sake files at this path stay. */
  readonly pathUser?: ((path: string, except: ModelKey) => ModelKey | undefined) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A model that was Ready when this was taken. */
export interface ReadyModel {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  readonly wish: ModelWish;
  readonly epoch: number;
}

/** A model that nobody wishes for now and that an earlier run may have brought. */
export interface Orphan {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  /** Empty for a model that has nothing on disk. */
  readonly path: string;
  readonly keepFiles: boolean;
  readonly displayUri: string;
  readonly origin: string;
  /** Files go only if they are proven to have come from `displayUri`. */
  readonly onlyProven?: boolean | undefined;
}

/** Makes the disk what the newest wishes say: one task per model, one writer per directory. */
export interface Gopher {
  /** New or changed wishes and models that are no longer wished for, taken in together. */
  apply(wishes: readonly ModelWish[], gone: readonly ModelKey[]): void;
  /** These models are no longer this machine's business: work for them stops, and their files stay as they are. */
  release(keys: readonly ModelKey[]): void;
  /**
   * Removes what an earlier run put there, unless somebody wishes for it, and withdraws the model's status, unless the model is
   * wished for at another place.
   */
  removeOrphan(orphan: Orphan): void;
  /** Whether a wish concerns this directory, one below it, or one above it. */
  wants(path: string): boolean;
  readyModels(): readonly ReadyModel[];
  /** A Ready model was found damaged: it leaves Ready and is repaired. Ignored when the model changed since it was taken. */
  reportDamage(model: ReadyModel, error: StorageError): void;
  counts(): { readonly active: number; readonly queued: number };
  /** Aborts everything and waits for it; unfinished deliveries stay resumable. */
  stop(): Promise<void>;
}

export function createGopher(options: GopherOptions): Gopher {
  const { worker, publisher, observer, clock, logger } = options;
  const tasks = new Map<ModelKey, ModelTask>();
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();
  let sequence = 0;
  let scheduled = false;
  let queued = 0;
  let wake: AbortController | undefined;

  const setStatus = (
    task: ModelTask,
    state: ModelState,
    reason: string,
    message: string,
    details?: StatusDetails,
  ): void => {
    const before = task.status;
    task.status = statusOf(task, clock.now(), state, reason, message, details);
    publisher.publish(task.status);
    if (before?.state === state && before.reason === reason) return;
    const fields = { model: task.key, state, reason };
    if (state === "Failed") logger.warn({ ...fields, retryAt: task.retryAt }, message);
    else logger.info(fields, message);
  };

  const fail = (task: ModelTask, error: StorageError): void => {
    task.failures += 1;
    const delay = retryDelay(task.failures, error.retry, options.random, error.retryAfterMs);
    task.retryAt = clock.now() + delay;
    setStatus(task, "Failed", failureReason(error), error.message, { error });
  };

  const becomeReady = (task: ModelTask, wish: ModelWish, report: ReadyReport): void => {
    // What was done is on disk, and is not what is wanted any more.
    if (task.wish?.fingerprint !== wish.fingerprint) return;
    task.readyFingerprint = wish.fingerprint;
    task.failures = 0;
    task.retryAt = undefined;
    task.epoch += 1;
    setStatus(task, "Ready", "Ready", readyMessage(wish, report), { report });
  };

  const check = async (task: ModelTask, wish: ModelWish, signal: AbortSignal): Promise<void> => {
    const startedAt = clock.monotonic();
    const outcome = await worker.check(wish, signal);
    signal.throwIfAborted();
    if (outcome.state === "ready" || outcome.damage !== undefined) {
      observer.checked(task.identity, outcome.state === "ready", clock.monotonic() - startedAt);
    }
    if (outcome.state === "ready") {
      task.placed = wish.mode === "deliver" ? wish : undefined;
      becomeReady(task, wish, outcome.report);
      return;
    }
    task.checkedFingerprint = wish.fingerprint;
    if (outcome.placed || (outcome.foreign && wish.inherited)) task.placed = wish;
    if (outcome.damage !== undefined) setStatus(task, "Updating", "Repairing", `To be repaired: ${outcome.damage}.`);
    else if (!outcome.foreign) setStatus(task, "Updating", "Queued", "Waiting for a worker.");
    else setStatus(task, "Updating", "Adopting", "Files are there; they count once they are verified.");
  };

  const deliver = async (task: ModelTask, wish: ModelWish, signal: AbortSignal): Promise<void> => {
    const startedAt = clock.monotonic();
    task.placed = wish;
    setStatus(task, "Updating", "Resolving", `Looking at ${wish.displayUri}.`);
    const report = await limitDelivery(wish.displayUri, options.limits, clock, signal, (limited, alive) =>
      worker.deliver(
        wish,
        {
          onProgress: (progress) => {
            alive(progress);
            if (limited.aborted) return;
            const reason = { scanning: "Resolving", downloading: "Downloading", finalizing: "Verifying" }[
              progress.phase
            ];
            setStatus(task, "Updating", reason, `${reason} ${wish.displayUri}.`, { progress });
          },
          onEvent: (event) => observer.transferEvent(task.identity, event),
        },
        limited,
      ),
    );
    observer.delivered(task.identity, report, clock.monotonic() - startedAt, clock.now() - task.wishedAt);
    becomeReady(task, wish, report);
    for (const other of tasks.values()) {
      if (other !== task && other.wish?.path === wish.path) other.checkedFingerprint = undefined;
    }
  };

  const remove = async (task: ModelTask, signal: AbortSignal): Promise<void> => {
    if (task.wish !== undefined)
      setStatus(task, "Updating", "Queued", `Waiting for its files to leave ${task.placed?.path}.`);
    if (task.placed !== undefined) {
      const { path, onlyFrom } = task.placed;
      const user =
        [...tasks.values()].find((other) => needsFiles(other, task))?.key ?? options.pathUser?.(path, task.key);
      const keep = user !== undefined || task.lastWish.keepFiles;
      if (keep) logger.info({ model: task.key, path, sharedWith: user }, "files are kept");
      else await worker.remove(path, signal, onlyFrom);
      task.placed = undefined;
    }
    task.checkedFingerprint = undefined;
    task.failures = 0;
    task.retryAt = undefined;
    if (task.wish !== undefined) return;
    tasks.delete(task.key);
    publisher.withdraw(task.key, task.identity);
    logger.info({ model: task.key }, "model removed");
  };

  const act = async (task: ModelTask, action: Exclude<Action["type"], "cancel">): Promise<void> => {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, stopped.signal]);
    const wish = task.wish;
    task.abort = abort;
    task.activity = action;
    task.runningFingerprint = wish?.fingerprint;
    try {
      if (action === "remove") await remove(task, signal);
      else if (wish !== undefined) await (action === "check" ? check : deliver)(task, wish, signal);
    } catch (thrown) {
      if (!signal.aborted) {
        const error = toStorageError(thrown, action, wish?.displayUri ?? task.lastWish.displayUri);
        if (action === "deliver") observer.failed(task.identity, error);
        if (error.code === "internal") logger.error({ model: task.key, err: error }, "unexpected failure");
        fail(task, error);
      }
    } finally {
      task.activity = "none";
      task.abort = undefined;
      task.runningFingerprint = undefined;
      schedule();
    }
  };

  const tick = (): void => {
    scheduled = false;
    if (stopped.signal.aborted) return;
    const decision = decide([...tasks.values()].map(viewOf), clock.now(), options.limits);
    queued = decision.queued.length;
    for (const action of decision.actions) {
      const task = tasks.get(action.key);
      if (task === undefined) continue;
      if (action.type === "cancel") {
        task.abort?.abort();
        continue;
      }
      const promise = act(task, action.type).finally(() => running.delete(promise));
      running.add(promise);
    }
    reportConflicts(decision);
    sleepUntil(decision.wakeAt);
  };

  const reportConflicts = (decision: Decision): void => {
    for (const [key, owner] of decision.conflicts) {
      const task = tasks.get(key);
      if (task === undefined || task.status?.reason === "PathConflict") continue;
      const message = `${task.wish?.path ?? ""} belongs to ${owner}. Give one of the two another storage.path.`;
      setStatus(task, "Failed", "PathConflict", message);
    }
  };

  const sleepUntil = (wakeAt: number | undefined): void => {
    wake?.abort();
    if (wakeAt === undefined) return;
    wake = new AbortController();
    const signal = AbortSignal.any([wake.signal, stopped.signal]);
    clock.sleep(Math.max(wakeAt - clock.now(), 0), signal).then(schedule, () => {});
  };

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(tick);
  };

  const ask = (wish: ModelWish): void => {
    const task = tasks.get(wish.key) ?? newTask(wish.key, wish.identity, sequence++, wish);
    tasks.set(wish.key, task);
    const changed = task.wish?.fingerprint !== wish.fingerprint;
    task.wish = wish;
    task.lastWish = wish;
    if (!changed) {
      const { status } = task;
      const { keepFiles, origin } = wish;
      if (status === undefined || (status.keepFiles === keepFiles && status.origin === origin)) return;
      task.status = { ...status, keepFiles, origin };
      publisher.publish(task.status);
      return;
    }
    task.wishedAt = clock.now();
    task.failures = 0;
    task.retryAt = undefined;
    if (task.readyFingerprint !== undefined) task.epoch += 1;
    task.readyFingerprint = undefined;
    task.checkedFingerprint = undefined;
  };

  const unwish = (keys: readonly ModelKey[], keepFiles: boolean): void => {
    for (const key of keys) {
      const task = tasks.get(key);
      if (task === undefined) continue;
      task.wish = undefined;
      task.lastWish = { ...task.lastWish, keepFiles: keepFiles || task.lastWish.keepFiles };
      task.retryAt = undefined;
      task.readyFingerprint = undefined;
      task.epoch += 1;
    }
    schedule();
  };

  return {
    apply: (wishes, gone) => {
      for (const wish of wishes) ask(wish);
      unwish(gone, false);
    },
    release: (keys) => unwish(keys, true),
    removeOrphan: (orphan) => {
      const known = tasks.get(orphan.key);
      if (known !== undefined) {
        // It is wished for elsewhere now.
        if (known.wish !== undefined && known.wish.path !== orphan.path && orphan.path !== "") {
          known.placed ??= { path: orphan.path, content: undefined };
        }
        schedule();
        return;
      }
      const task = newTask(orphan.key, orphan.identity, sequence++, { ...orphan, mode: "deliver" });
      const onlyFrom = orphan.onlyProven === true ? orphan.displayUri : undefined;
      if (orphan.path !== "") task.placed = { path: orphan.path, content: undefined, onlyFrom };
      tasks.set(orphan.key, task);
      schedule();
    },
    wants: (path) =>
      [...tasks.values()].some(({ wish }) => wish !== undefined && wish.path !== "" && pathsOverlap(wish.path, path)),
    readyModels: () =>
      [...tasks.values()].flatMap(({ key, identity, wish, epoch, readyFingerprint }) =>
        wish !== undefined && readyFingerprint === wish.fingerprint ? [{ key, identity, wish, epoch }] : [],
      ),
    reportDamage: (model, error) => {
      const task = tasks.get(model.key);
      if (task === undefined || task.epoch !== model.epoch || task.readyFingerprint === undefined) return;
      task.epoch += 1;
      task.readyFingerprint = undefined;
      task.checkedFingerprint = undefined;
      task.wishedAt = clock.now();
      setStatus(task, "Updating", "Repairing", error.message);
      schedule();
    },
    counts: () => ({ active: [...tasks.values()].filter((task) => task.activity === "deliver").length, queued }),
    stop: async () => {
      stopped.abort();
      wake?.abort();
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
