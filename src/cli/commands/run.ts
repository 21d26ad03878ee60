import { resolve } from "node:path";
import type { Command } from "commander";
import { createLogger, type LogLevel } from "../../telemetry/create-logger.ts";
import { append } from "../append.ts";
import { packageVersion } from "../package-version.ts";
import { parseBytes, parseDuration, parseWholeNumber } from "../parse-quantity.ts";
import type { Session } from "../session.ts";
import type { AddCommand } from "./add-command.ts";

interface RunFlags {
  readonly manifests: string;
  readonly modelsRoot: string;
  readonly allowPath?: readonly string[];
  readonly secrets?: string;
  readonly host: string;
  readonly port: number;
  readonly numDownloadWorker: number;
  readonly concurrency?: number;
  readonly maxBandwidth?: number;
  readonly rescanInterval: number;
  readonly checkInterval: number;
  readonly scrubInterval: number;
  readonly scrubBandwidth: number;
  readonly stallTimeout: number;
  readonly downloadTimeout?: number;
}

/** `run`: the agent on one machine, on a folder of manifests. */
export const addRunCommand: AddCommand = (program, run) => {
  const bytes = (option: string) => (text: string) => parseBytes(text, option);
  const duration = (option: string) => (text: string) => parseDuration(text, option);
  const count = (option: string, least: number, most: number) => (text: string) =>
    parseWholeNumber(text, option, least, most);
  program
    .command("run")
    .summary("keep a directory of models equal to a folder of manifests")
    .description(
      "Runs until it is told to stop: brings every model that a manifest (BaseModel, ClusterBaseModel) names, removes it when " +
        "its manifest goes, looks after what is there, and serves /livez, /healthz, /metrics and /status.",
    )
    .requiredOption("--manifests <dir>", "folder of manifests (YAML or JSON) that is watched")
    .requiredOption("--models-root <dir>", "directory below which models are kept")
    .option("--allow-path <dir>", "further directory below which storage.path may lie (repeatable)", append)
    .option("--secrets <dir>", "Secrets as mounted: DIR/<name>/<entry> or DIR/<namespace>/<name>/<entry>")
    .option("--host <address>", "address to serve on", "127.0.0.1")
    .option("--port <n>", "port to serve on; 0 takes a free one", count("--port", 0, 65_535), 8080)
    .option("--num-download-worker <n>", "models downloaded at the same time", count("--num-download-worker", 1, 64), 2)
    .option("--concurrency <n>", "connections per host at most", count("--concurrency", 1, 256))
    .option("--max-bandwidth <rate>", "bytes per second per model, such as 100M", bytes("--max-bandwidth"))
    .option(
      "--stall-timeout <time>",
      "a download without progress fails after this",
      duration("--stall-timeout"),
      900_000,
    )
    .option("--download-timeout <time>", "a download fails after this, however it goes", duration("--download-timeout"))
    .option(
      "--rescan-interval <time>",
      "time between two looks at a quiet folder",
      duration("--rescan-interval"),
      10_000,
    )
    .option(
      "--check-interval <time>",
      "time between two looks at the files of Ready models",
      duration("--check-interval"),
      60_000,
    )
    .option(
      "--scrub-interval <time>",
      "time between two readings of every byte",
      duration("--scrub-interval"),
      86_400_000,
    )
    .option("--scrub-bandwidth <rate>", "bytes per second that a scrub reads", bytes("--scrub-bandwidth"), 100_000_000)
    .action(async (flags: RunFlags, self: Command) => {
      await run(self, (session) => runOnFolder(flags, session, self.getOptionValueSourceWithGlobals("logLevel")));
    });
};

async function runOnFolder(flags: RunFlags, session: Session, levelFrom: string | undefined): Promise<void> {
  const { manifestFolder, parseManifestFile, runAgent, secretFolder } = await import("../../agent/index.ts");
  const { env, clock, signal, stderr } = session.context;
  // A service says what it does unless it is told not to; it speaks JSON unless a person looks on.
  const level: LogLevel = levelFrom === "default" ? (session.quiet ? "warn" : "info") : session.logLevel;
  const logger = createLogger({
    level,
    format: session.format === "human" && stderr.isTerminal ? "pretty" : "json",
    color: session.color,
    write: (text) => void stderr.write(text),
    redactor: session.redactor,
  });
  await runAgent(
    {
      version: packageVersion(),
      modelsRoot: resolve(flags.modelsRoot),
      allowedPaths: (flags.allowPath ?? []).map((path) => resolve(path)),
      source: manifestFolder({
        directory: resolve(flags.manifests),
        parse: parseManifestFile,
        rescanMs: flags.rescanInterval,
        clock,
        logger,
      }),
      secrets: secretFolder(flags.secrets === undefined ? undefined : resolve(flags.secrets)),
      publishers: [],
      host: flags.host,
      port: flags.port,
      workers: flags.numDownloadWorker,
      tuning: { maxConnections: flags.concurrency, maxBandwidth: flags.maxBandwidth },
      noProgressMs: flags.stallTimeout,
      downloadTimeoutMs: flags.downloadTimeout,
      checkIntervalMs: flags.checkInterval,
      scrubIntervalMs: flags.scrubInterval,
      scrubBytesPerSecond: flags.scrubBandwidth,
      instance: undefined,
      redactor: session.redactor,
      env,
      clock,
      random: Math.random,
      logger,
    },
    signal,
  );
}
