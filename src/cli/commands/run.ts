import { resolve } from "node:path";
import type { Command } from "commander";
import { createLogger, type LogLevel } from "../../telemetry/create-logger.ts";
import { addRunOptions, idleFlags, type RunFlags, withEnvironment } from "../agent/run-flags.ts";
import { clusterOptions, folderOptions } from "../agent/run-sources.ts";
import { packageVersion } from "../package-version.ts";
import type { GlobalOptions, Session } from "../session.ts";
import type { AddCommand } from "./add-command.ts";

/** OME's agent works on so many files, and so many parts of each, unless it is told otherwise. */
const omeConcurrency = 4;

/** `run`: the agent, on a folder of manifests or on the models of a cluster. */
export const addRunCommand: AddCommand = (program, run) => {
  const command = program
    .command("run")
    .summary("keep a directory of models equal to a folder of manifests or to a cluster's models")
    .description(
      "Runs until it is told to stop: brings every model that a manifest (BaseModel, ClusterBaseModel) names, removes it when " +
        "its manifest goes, looks after what is there, and serves /livez, /healthz, /metrics and /status. Without --manifests " +
        "it is the agent of a Kubernetes node: manifests are the cluster's own objects.",
    );
  addRunOptions(command);
  command.action(async (flags: RunFlags, self: Command) => {
    await run(self, (session) => runAgentCommand(flags, session, self));
  });
};

async function runAgentCommand(given: RunFlags, session: Session, self: Command): Promise<void> {
  const agent = await import("../../agent/index.ts");
  const { env, clock, signal, stderr } = session.context;
  const onCluster = (given.source ?? (given.manifests === undefined ? "kubernetes" : "manifests")) === "kubernetes";
  const levelGiven = self.getOptionValueSourceWithGlobals("logLevel") !== "default";
  const all = { ...given, logLevel: session.logLevel };
  const flags: RunFlags & Pick<GlobalOptions, "logLevel"> = onCluster ? withEnvironment(self, all, env) : all;
  const told = levelGiven || (onCluster && (env["LOG_LEVEL"] ?? "") !== "");
  // A service says what it does unless it is told not to; it speaks JSON unless a person looks on.
  const level: LogLevel = told ? flags.logLevel : session.quiet ? "warn" : "info";
  const pretty = flags.logFormat === undefined ? stderr.isTerminal : flags.logFormat !== "json";
  const logger = createLogger({
    level,
    format: session.format === "human" && pretty ? "pretty" : "json",
    color: session.color,
    write: (text) => void stderr.write(text),
    redactor: session.redactor,
  });
  for (const [name, reason] of idleFlags) {
    const source = self.getOptionValueSource(name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
    if (source === "cli") logger.info({ option: `--${name}`, reason }, "an option has no effect");
  }
  const source = onCluster
    ? await clusterOptions(agent, flags, session, logger)
    : folderOptions(agent, flags, session, logger);
  await agent.runAgent(
    {
      ...source,
      version: packageVersion(),
      allowedPaths: (flags.allowPath ?? []).map((path) => resolve(path)),
      port: flags.port,
      workers: flags.numDownloadWorker,
      tuning: {
        maxConnections: connectionsOf(flags, onCluster),
        maxBandwidth: flags.maxBandwidth,
        maxAttempts: flags.downloadRetry,
      },
      noProgressMs: flags.stallTimeout,
      downloadTimeoutMs: flags.downloadTimeout,
      checkIntervalMs: flags.checkInterval,
      scrubIntervalMs: flags.scrubInterval,
      scrubBytesPerSecond: flags.scrubBandwidth,
      redactor: session.redactor,
      env,
      clock,
      random: Math.random,
      logger,
    },
    signal,
  );
}

/** Files times parts as OME counts them, as the one bound that there is here. */
function connectionsOf({ concurrency, multipartConcurrency }: RunFlags, onCluster: boolean): number | undefined {
  if (concurrency === undefined && multipartConcurrency === undefined) return undefined;
  const parts = multipartConcurrency ?? (onCluster ? omeConcurrency : 1);
  return Math.min((concurrency ?? omeConcurrency) * parts, 256);
}
