import { type Command, Option } from "commander";
import { append } from "../append.ts";
import { parseBytes, parseDuration, parseWholeNumber } from "../parse-quantity.ts";

/** Options of `run` as they are given; what has no default depends on where the wishes come from. */
export interface RunFlags {
  readonly source?: "manifests" | "kubernetes";
  readonly manifests?: string;
  readonly modelsRoot?: string;
  readonly modelsRootDir?: string;
  readonly allowPath?: readonly string[];
  readonly secrets?: string;
  readonly host?: string;
  readonly port: number;
  readonly numDownloadWorker: number;
  readonly concurrency?: number;
  readonly multipartConcurrency?: number;
  readonly downloadRetry?: number;
  readonly maxBandwidth?: number;
  readonly rescanInterval: number;
  readonly checkInterval: number;
  readonly scrubInterval: number;
  readonly scrubBandwidth: number;
  readonly stallTimeout: number;
  readonly downloadTimeout?: number;
  readonly logFormat?: "json" | "console" | "text";
  readonly nodeName?: string;
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly omeNodeMatch?: boolean;
  readonly nodeChangeGrace: number;
  readonly startSpread: number;
  readonly progressInterval: number;
  readonly configMapSyncInterval: number;
  readonly modelWatchResyncPeriod?: number;
}

/** Options that OME's agent or its documentation have and that nothing depends on here, and why. */
export const idleFlags: ReadonlyMap<string, string> = new Map([
  ["node-label-retry", "labels are written until it succeeds"],
  ["hf-max-workers", "connections adapt; --concurrency bounds them"],
  ["hf-max-retries", "downloads are tried again until they succeed"],
  ["hf-retry-interval", "the pause before trying again grows by itself"],
  ["temp-dir", "unfinished files lie beside the finished ones, on the same file system"],
  ["cleanup-temp", "unfinished files go by themselves when the model is ready"],
  ["metrics-port", "metrics are served on --port"],
  ["max-concurrent-reconciles", "changes are taken in together"],
]);

export function addRunOptions(command: Command): void {
  const bytes = (option: string) => (text: string) => parseBytes(text, option);
  const duration = (option: string) => (text: string) => parseDuration(text, option);
  const count = (option: string, least: number, most: number) => (text: string) =>
    parseWholeNumber(text, option, least, most);
  command
    .addOption(
      new Option("--source <source>", "where wishes come from; manifests with --manifests, else kubernetes").choices([
        "manifests",
        "kubernetes",
      ]),
    )
    .option("--manifests <dir>", "folder of manifests (YAML or JSON) that is watched")
    .option("--models-root <dir>", "directory below which models are kept; /mnt/models on Kubernetes")
    .addOption(new Option("--models-root-dir <dir>", "the same, as OME's agent names it").conflicts("modelsRoot"))
    .option("--allow-path <dir>", "further directory below which storage.path may lie (repeatable)", append)
    .option("--secrets <dir>", "Secrets as mounted: DIR/<name>/<entry> or DIR/<namespace>/<name>/<entry>")
    .option("--host <address>", "address to serve on; 127.0.0.1, on Kubernetes all")
    .option("--port <n>", "port to serve on; 0 takes a free one", count("--port", 0, 65_535), 8080)
    .option("--num-download-worker <n>", "models downloaded at the same time", count("--num-download-worker", 1, 64), 2)
    .option(
      "--concurrency <n>",
      "connections per host at most; on Kubernetes files at the same time",
      count("--concurrency", 1, 256),
    )
    .option(
      "--multipart-concurrency <n>",
      "parts of a file at the same time: connections are at most --concurrency times this",
      count("--multipart-concurrency", 1, 256),
    )
    .option("--download-retry <n>", "attempts per part without any progress", count("--download-retry", 1, 100))
    .option("--max-bandwidth <rate>", "bytes per second over all downloads, such as 100M", bytes("--max-bandwidth"))
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
    .addOption(new Option("--log-format <format>", "form of log lines").choices(["json", "console", "text"]))
    .option("--node-name <name>", "this node; NODE_NAME stands above it")
    .option("--namespace <name>", "namespace of the node's ConfigMap and of cluster-wide models' Secrets", "ome")
    .option("--kubeconfig <file>", "how to reach the cluster; KUBECONFIG, or the pod's service account")
    .option("--ome-node-match", "match nodes as OME's Go agent does where Kubernetes differs")
    .option(
      "--node-change-grace <time>",
      "time that a model stays after the node's labels ceased to match",
      duration("--node-change-grace"),
      30_000,
    )
    .option(
      "--start-spread <time>",
      "agents that start together ask within this time",
      duration("--start-spread"),
      5_000,
    )
    .option(
      "--progress-interval <time>",
      "time between two progress reports in the ConfigMap",
      duration("--progress-interval"),
      5_000,
    )
    .option(
      "--config-map-sync-interval <time>",
      "time between two looks at whether the ConfigMap was changed",
      duration("--config-map-sync-interval"),
      300_000,
    )
    .option(
      "--model-watch-resync-period <time>",
      "time between two full lists of models; 1h",
      duration("--model-watch-resync-period"),
    );
  for (const [name, reason] of idleFlags) {
    command.addOption(new Option(`--${name} [value]`, `accepted, without effect: ${reason}`).hideHelp());
  }
}

/** Options that OME's documentation says the environment sets. */
const environmentFlags: ReadonlyMap<string, string> = new Map([
  ["modelsRootDir", "MODELS_ROOT_DIR"],
  ["port", "PORT"],
  ["namespace", "NAMESPACE"],
  ["numDownloadWorker", "NUM_DOWNLOAD_WORKER"],
  ["concurrency", "CONCURRENCY"],
  ["multipartConcurrency", "MULTIPART_CONCURRENCY"],
  ["downloadRetry", "DOWNLOAD_RETRY"],
  ["logLevel", "LOG_LEVEL"],
]);

/** The options together with what the environment says of those that are not given. Throws `config_invalid` for a wrong value. */
export function withEnvironment<Flags extends object>(
  command: Command,
  flags: Flags,
  env: Readonly<Record<string, string | undefined>>,
): Flags {
  const known = [...command.options, ...(command.parent?.options ?? [])];
  const values: Record<string, unknown> = {};
  for (const [attribute, variable] of environmentFlags) {
    const text = env[variable];
    const from = command.getOptionValueSourceWithGlobals(attribute);
    if (text === undefined || text === "" || (from !== undefined && from !== "default")) continue;
    const option = known.find((candidate) => candidate.attributeName() === attribute);
    if (option !== undefined) values[attribute] = option.parseArg?.(text, undefined) ?? text;
  }
  return { ...flags, ...values };
}
