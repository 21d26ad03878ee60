import type { ManifestProblem } from "../scout/manifest-problem.ts";
import type { ModelStatus } from "./model-status.ts";

/** A model that a manifest names and this machine leaves alone. */
export interface SkippedModel {
  readonly key: string;
  readonly reason: string;
  readonly origin: string;
}

/** Everything that `model-agent status`, `GET /status` and status.json show. Holds no secret. */
export interface AgentStatus {
  readonly format: "model-agent-status";
  readonly version: 1;
  readonly agent: {
    readonly version: string;
    readonly host: string;
    readonly pid: number;
    readonly modelsRoot: string;
    /** ISO 8601, UTC. */
    readonly startedAt: string;
    /** When this was written, ISO 8601 UTC: an old one is of an agent that no longer runs. */
    readonly heartbeatAt: string;
    readonly stopped: boolean;
  };
  readonly models: readonly ModelStatus[];
  readonly skipped: readonly SkippedModel[];
  readonly problems: readonly ManifestProblem[];
}
