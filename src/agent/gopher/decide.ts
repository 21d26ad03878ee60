import type { ModelKey } from "../model-identity.ts";
import { awaitsContent, claimPath } from "./path-claims.ts";
import type { TaskView } from "./task-view.ts";

export interface Limits {
  /** Deliveries at the same time. */
  readonly deliveries: number;
  /** Checks of proofs at the same time. */
  readonly checks: number;
}

export type Action =
  /** Abort what runs: it works for a wish that is no longer the newest. */
  | { readonly type: "cancel"; readonly key: ModelKey }
  /** See whether the disk already holds what is wanted. */
  | { readonly type: "check"; readonly key: ModelKey }
  | { readonly type: "deliver"; readonly key: ModelKey }
  /** Take away files from `placedPath`: the model is deleted, or wanted elsewhere. */
  | { readonly type: "remove"; readonly key: ModelKey };

export interface Decision {
  readonly actions: readonly Action[];
  /** Models whose directory belongs to another model. */
  readonly conflicts: ReadonlyMap<ModelKey, ModelKey>;
  /** Models that wait for a free worker or a free directory, in the order in which they will be served. */
  readonly queued: readonly ModelKey[];
  /** Epoch milliseconds at which to decide again even if nothing happens. */
  readonly wakeAt: number | undefined;
}

/**
 * What to do next, from what is wanted and what runs. Cancelling and removing have no limit, so that deleting never waits
 * behind downloads; checks come before deliveries; deliveries go by priority, then by arrival.
 */
export function decide(tasks: readonly TaskView[], now: number, limits: Limits): Decision {
  const actions: Action[] = [];
  const conflicts = new Map<ModelKey, ModelKey>();
  const queued: ModelKey[] = [];
  let wakeAt: number | undefined;
  let freeChecks = limits.checks - count(tasks, "check");
  let freeDeliveries = limits.deliveries - count(tasks, "deliver");
  /** Starting changes who works where; later decisions of this round must see it. */
  const views = new Map(tasks.map((task) => [task.key, task]));
  const start = (task: TaskView, type: "check" | "deliver" | "remove"): void => {
    actions.push({ type, key: task.key });
    views.set(task.key, { ...task, activity: type });
  };
  const due = (task: TaskView): boolean => {
    if (task.retryAt === undefined || task.retryAt <= now) return true;
    wakeAt = Math.min(wakeAt ?? task.retryAt, task.retryAt);
    return false;
  };

  for (const task of [...tasks].sort(byTurn)) {
    const { wish, activity } = task;
    if (activity !== "none") {
      const outdated = activity !== "remove" && wish?.fingerprint !== task.runningFingerprint;
      if (outdated && !task.cancelling) actions.push({ type: "cancel", key: task.key });
      continue;
    }
    if (wish === undefined || isElsewhere(task)) {
      if (due(task)) start(task, "remove");
      continue;
    }
    if (task.readyFingerprint === wish.fingerprint) continue;
    const claim = claimPath(task, [...views.values()]);
    if (claim.state === "conflict") {
      conflicts.set(task.key, claim.owner);
      continue;
    }
    if (!due(task)) continue;
    const check = wish.mode !== "deliver" || task.checkedFingerprint !== wish.fingerprint;
    const waits = claim.state === "busy" || (!check && awaitsContent(task, [...views.values()]));
    if (waits || (check ? freeChecks : freeDeliveries) <= 0) {
      queued.push(task.key);
      continue;
    }
    if (check) freeChecks -= 1;
    else freeDeliveries -= 1;
    start(task, check ? "check" : "deliver");
  }
  return { actions, conflicts, queued, wakeAt };
}

/** Files of the model lie where they are no longer wanted. A wish that cannot be fulfilled moves nothing. */
function isElsewhere({ wish, placedPath }: TaskView): boolean {
  return placedPath !== undefined && wish?.mode !== "refused" && placedPath !== wish?.path;
}

function count(tasks: readonly TaskView[], activity: TaskView["activity"]): number {
  return tasks.filter((task) => task.activity === activity).length;
}

function byTurn(left: TaskView, right: TaskView): number {
  return (right.wish?.priority ?? 0) - (left.wish?.priority ?? 0) || left.sequence - right.sequence;
}
