import { hostname } from "node:os";
import process from "node:process";
import { readDiskSpace } from "../store/space.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { type AgentServer, startAgentServer } from "./http/agent-server.ts";
import { modelsRootCheck } from "./http/models-root-check.ts";
import { createStatusBoard, type StatusBoard } from "./status/status-board.ts";

export interface AgentFaceOptions {
  readonly version: string;
  readonly modelsRoot: string;
  readonly host: string;
  readonly port: number;
  /** Deliveries that run and that wait. */
  readonly counts: () => { readonly active: number; readonly queued: number };
  /** Called after every change of the board. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an agent shows of itself over HTTP; it is there before the agent does anything else. */
export interface AgentFace {
  readonly metrics: Metrics;
  readonly board: StatusBoard;
  readonly server: AgentServer;
}

/** Begins to answer. Throws `config_invalid` when the address cannot be listened on. */
export async function openAgentFace(options: AgentFaceOptions): Promise<AgentFace> {
  const { version, modelsRoot, host, port, clock, logger } = options;
  const metrics = createMetrics({
    runtime: true,
    beforeRender: async (own) => {
      const { active, queued } = options.counts();
      own.set("activeWorkers", {}, active);
      own.set("queueDepth", {}, queued);
      await measureDisk(own, modelsRoot);
    },
  });
  metrics.set("buildInfo", { version, node_version: process.version }, 1);
  const board = createStatusBoard({
    ...{ version, modelsRoot, clock },
    host: hostname(),
    pid: process.pid,
    onChange: options.onChange,
  });
  const needsWriting = (): boolean =>
    board.snapshot().models.some(({ state, mode }) => state !== "Ready" && mode === "deliver");
  const server = await startAgentServer({
    ...{ host, port, metrics, logger },
    checks: [modelsRootCheck(modelsRoot, needsWriting)],
    snapshot: () => board.snapshot(),
  });
  logger.info({ host, port: server.port, modelsRoot, version }, "the agent is running");
  return { metrics, board, server };
}

async function measureDisk(metrics: Metrics, modelsRoot: string): Promise<void> {
  const space = await readDiskSpace(modelsRoot).catch(() => undefined);
  if (space === undefined) return;
  metrics.set("diskFree", {}, space.freeBytes);
  metrics.set("diskUsed", {}, space.totalBytes - space.freeBytes);
}
