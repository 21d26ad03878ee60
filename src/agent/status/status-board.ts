import type { Clock } from "../../telemetry/clock.ts";
import type { ModelKey } from "../model-identity.ts";
import type { ManifestProblem } from "../scout/manifest-problem.ts";
import type { AgentStatus, SkippedModel } from "./agent-status.ts";
import type { ModelStatus } from "./model-status.ts";
import type { StatusPublisher } from "./status-publisher.ts";

/** The present status of everything, and the place where it becomes known. */
export interface StatusBoard extends StatusPublisher {
  snapshot(): AgentStatus;
  setProblems(problems: readonly ManifestProblem[]): void;
  setSkipped(key: ModelKey, skipped: SkippedModel | undefined): void;
  markStopped(): void;
}

export interface StatusBoardOptions {
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly modelsRoot: string;
  readonly clock: Clock;
  /** Called after every change. */
  readonly onChange: () => void;
}

export function createStatusBoard(options: StatusBoardOptions): StatusBoard {
  const { clock, onChange } = options;
  const models = new Map<ModelKey, ModelStatus>();
  const skipped = new Map<ModelKey, SkippedModel>();
  const startedAt = clock.now();
  let problems: readonly ManifestProblem[] = [];
  let stopped = false;
  const byKey = (left: { readonly key: string }, right: { readonly key: string }): number =>
    left.key < right.key ? -1 : 1;
  return {
    publish: (status) => {
      models.set(status.key, status);
      onChange();
    },
    withdraw: (key) => {
      models.delete(key);
      onChange();
    },
    setProblems: (next) => {
      problems = next;
      onChange();
    },
    setSkipped: (key, next) => {
      if (next === undefined) skipped.delete(key);
      else skipped.set(key, next);
      onChange();
    },
    markStopped: () => {
      stopped = true;
      onChange();
    },
    snapshot: () => ({
      format: "model-agent-status",
      version: 1,
      agent: {
        version: options.version,
        host: options.host,
        pid: options.pid,
        modelsRoot: options.modelsRoot,
        startedAt: new Date(startedAt).toISOString(),
        heartbeatAt: new Date(clock.now()).toISOString(),
        stopped,
      },
      models: [...models.values()].sort(byKey),
      skipped: [...skipped.values()].sort(byKey),
      problems,
    }),
    close: async () => {},
  };
}
