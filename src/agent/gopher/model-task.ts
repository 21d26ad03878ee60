import type { StorageError } from "../../errors.ts";
import type { DownloadProgress } from "../../telemetry/progress.ts";
import type { ModelIdentity, ModelKey } from "../model-identity.ts";
import type { ModelWish } from "../model-wish.ts";
import type { ModelState, ModelStatus } from "../status/model-status.ts";
import type { ReadyReport } from "./model-worker.ts";
import type { Activity, TaskView } from "./task-view.ts";

/** Files of a model on disk. */
export interface Placed {
  readonly path: string;
  /** Undefined when an earlier run left them. */
  readonly content: string | undefined;
  /** They are the model's only if they are proven to have come from this redacted URI. */
  readonly onlyFrom?: string | undefined;
}

/** Everything the gopher remembers of one model. */
export interface ModelTask {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  readonly sequence: number;
  wish: ModelWish | undefined;
  /** The wish before it was withdrawn: where its files are and whether they stay. */
  lastWish: Pick<ModelWish, "mode" | "keepFiles" | "displayUri" | "path" | "origin">;
  activity: Activity;
  runningFingerprint: string | undefined;
  abort: AbortController | undefined;
  checkedFingerprint: string | undefined;
  readyFingerprint: string | undefined;
  /** Files of ours that lie, or may lie, somewhere. */
  placed: Placed | undefined;
  failures: number;
  retryAt: number | undefined;
  /** Counts how often the model became or ceased to be Ready: tells a late finding from one that still holds. */
  epoch: number;
  wishedAt: number;
  status: ModelStatus | undefined;
}

export function newTask(
  key: ModelKey,
  identity: ModelIdentity,
  sequence: number,
  lastWish: ModelTask["lastWish"],
): ModelTask {
  return {
    key,
    identity,
    sequence,
    wish: undefined,
    lastWish,
    activity: "none",
    runningFingerprint: undefined,
    abort: undefined,
    checkedFingerprint: undefined,
    readyFingerprint: undefined,
    placed: undefined,
    failures: 0,
    retryAt: undefined,
    epoch: 0,
    wishedAt: 0,
    status: undefined,
  };
}

export function viewOf(task: ModelTask): TaskView {
  return {
    key: task.key,
    sequence: task.sequence,
    wish: task.wish,
    activity: task.activity,
    runningFingerprint: task.runningFingerprint,
    cancelling: task.abort?.signal.aborted ?? false,
    checkedFingerprint: task.checkedFingerprint,
    readyFingerprint: task.readyFingerprint,
    placedPath: task.placed?.path,
    retryAt: task.retryAt,
  };
}

export interface StatusDetails {
  readonly progress?: DownloadProgress | undefined;
  readonly report?: ReadyReport | undefined;
  readonly error?: StorageError | undefined;
}

/** The status to publish next; `since` moves only when the state changes. */
export function statusOf(
  task: ModelTask,
  now: number,
  state: ModelState,
  reason: string,
  message: string,
  details: StatusDetails = {},
): ModelStatus {
  const place = task.wish ?? task.lastWish;
  const { error, ...rest } = details;
  return {
    key: task.key,
    identity: task.identity,
    state,
    mode: place.mode,
    reason,
    message,
    since: task.status?.state === state ? task.status.since : now,
    storageUri: place.displayUri,
    path: place.path,
    origin: place.origin,
    keepFiles: place.keepFiles,
    managed: task.placed !== undefined,
    ...(task.placed === undefined || task.placed.path === place.path ? {} : { formerPath: task.placed.path }),
    ...rest,
    ...(error === undefined
      ? {}
      : { error: { code: error.code, failures: task.failures, retryAt: task.retryAt ?? now } }),
  };
}

/** Whether the other model, or the task's own new wish, uses the files that the task has on disk. */
export function needsFiles(other: ModelTask, task: ModelTask): boolean {
  const { wish } = other;
  const { placed } = task;
  if (wish === undefined || placed === undefined) return false;
  if (wish.mode === "present") return wish.path === placed.path || wish.path.startsWith(`${placed.path}/`);
  if (wish.mode !== "deliver" || other.key === task.key || wish.path !== placed.path) return false;
  return other.placed?.path === placed.path || placed.content === undefined || placed.content === wish.content;
}
