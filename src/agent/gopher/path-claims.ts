import type { ModelKey } from "../model-identity.ts";
import type { TaskView } from "./task-view.ts";

/** Whether two absolute, normalised directories are the same or one lies in the other. */
export function pathsOverlap(left: string, right: string): boolean {
  return left === right || left.startsWith(`${right}/`) || right.startsWith(`${left}/`);
}

/** How a model stands to the directory that it wants. */
export type Claim =
  | { readonly state: "free" }
  /** Somebody works there; wait. */
  | { readonly state: "busy" }
  /** Another model with other content owns it, or a directory above or below it. */
  | { readonly state: "conflict"; readonly owner: ModelKey };

/**
 * One writer per directory. Of several models that want overlapping directories the one that already has files there owns it,
 * else the one that came first; the same directory with the same content is shared, one after the other.
 */
export function claimPath(task: TaskView, tasks: readonly TaskView[]): Claim {
  const wish = task.wish;
  if (wish === undefined || wish.mode !== "deliver") return { state: "free" };
  let busy = false;
  for (const other of tasks) {
    if (other.key === task.key) continue;
    const wanted = other.wish?.mode === "deliver" ? other.wish : undefined;
    const overlaps = wanted !== undefined && pathsOverlap(wanted.path, wish.path);
    const shared = overlaps && wanted.path === wish.path && wanted.content === wish.content;
    if (overlaps && !shared && owns(other, task)) return { state: "conflict", owner: other.key };
    const works = other.activity === "deliver" || other.activity === "remove";
    const place = other.placedPath ?? wanted?.path;
    if (works && place !== undefined && pathsOverlap(place, wish.path)) busy = true;
  }
  return busy ? { state: "busy" } : { state: "free" };
}

function owns(other: TaskView, task: TaskView): boolean {
  const [otherHas, taskHas] = [has(other), has(task)];
  return otherHas === taskHas ? other.sequence < task.sequence : otherHas;
}

function has(task: TaskView): boolean {
  return task.placedPath !== undefined && task.placedPath === task.wish?.path;
}

/**
 * Whether a model that may share waits for another one that brings the same content to another directory. Who waits for whom
 * is a total order among models that are not at work, so that nobody waits in a circle.
 */
export function awaitsContent(task: TaskView, tasks: readonly TaskView[]): boolean {
  const { wish } = task;
  if (wish?.mode !== "deliver" || !wish.reuse) return false;
  return tasks.some((other) => {
    const theirs = other.wish;
    if (other.key === task.key || theirs?.mode !== "deliver") return false;
    if (theirs.content !== wish.content || theirs.path === wish.path) return false;
    if (other.readyFingerprint === theirs.fingerprint) return false;
    if (other.activity === "deliver") return true;
    if (other.retryAt !== undefined || claimPath(other, tasks).state === "conflict") return false;
    return (Number(theirs.reuse) - Number(wish.reuse) || other.sequence - task.sequence) < 0;
  });
}
