import type { AgentStatus } from "../../src/agent/status/agent-status.ts";
import type { ModelStatus } from "../../src/agent/status/model-status.ts";

/** A status of one model, Ready unless told otherwise. */
export function modelStatus(name: string, changes: Partial<ModelStatus> = {}): ModelStatus {
  return {
    key: `clusterbasemodel/${name}`,
    identity: { kind: "ClusterBaseModel", namespace: "", name },
    state: "Ready",
    mode: "deliver",
    reason: "Ready",
    message: "3 files in place, all verified by the source's digests.",
    since: Date.parse("2026-03-04T05:00:00Z"),
    storageUri: `s3://bucket/${name}`,
    path: `/models/${name}`,
    origin: `${name}.yaml:1`,
    keepFiles: false,
    managed: true,
    report: { files: 3, bytes: 4_500_000_000, filesVerifiedBySource: 3 },
    ...changes,
  };
}

/** A status of an agent with these models. */
export function agentStatus(models: readonly ModelStatus[], changes: Partial<AgentStatus> = {}): AgentStatus {
  return {
    format: "model-agent-status",
    version: 1,
    agent: {
      version: "1.2.3",
      host: "node-7",
      pid: 42,
      modelsRoot: "/models",
      startedAt: "2026-03-04T04:00:00.000Z",
      heartbeatAt: "2026-03-04T05:06:07.000Z",
      stopped: false,
    },
    models,
    skipped: [],
    problems: [],
    ...changes,
  };
}
