import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import type { AgentOptions, Cluster } from "../../agent/index.ts";
import { StorageError } from "../../errors.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { packageVersion } from "../package-version.ts";
import type { Session } from "../session.ts";
import type { RunFlags } from "./run-flags.ts";

type Agent = typeof import("../../agent/index.ts");

/** What of the agent's options depends on where its wishes come from. */
export type SourceOptions = Pick<
  AgentOptions,
  | "modelsRoot"
  | "source"
  | "secrets"
  | "publishers"
  | "host"
  | "instance"
  | "sharing"
  | "pathUser"
  | "awaitRoot"
  | "onMetrics"
>;

/** The agent of one machine, on a folder of manifests. */
export function folderOptions(agent: Agent, flags: RunFlags, session: Session, logger: Logger): SourceOptions {
  const { clock } = session.context;
  const root = flags.modelsRoot ?? flags.modelsRootDir;
  if (flags.manifests === undefined) throw missing("--manifests", "Name the folder of manifests with --manifests DIR.");
  if (root === undefined) throw missing("--models-root", "Name the directory for models with --models-root DIR.");
  return {
    modelsRoot: resolve(root),
    source: agent.manifestFolder({
      directory: resolve(flags.manifests),
      parse: agent.parseManifestFile,
      rescanMs: flags.rescanInterval,
      clock,
      logger,
    }),
    secrets: agent.secretFolder(flags.secrets === undefined ? undefined : resolve(flags.secrets)),
    publishers: [],
    host: flags.host ?? "127.0.0.1",
    instance: undefined,
  };
}

/** The agent of one node of a cluster. Throws `config_invalid` when it is not known which node or which cluster. */
export async function clusterOptions(
  agent: Agent,
  flags: RunFlags,
  session: Session,
  logger: Logger,
): Promise<SourceOptions> {
  const { env, clock } = session.context;
  const nodeName = env["NODE_NAME"] || flags.nodeName;
  if (nodeName === undefined || nodeName === "") {
    throw missing(
      "NODE_NAME",
      "Set it to the node's name (fieldRef spec.nodeName in a pod), or work on a folder with --manifests DIR.",
    );
  }
  const modelsRoot = resolve(flags.modelsRoot ?? flags.modelsRootDir ?? "/mnt/models");
  const { connectToCluster, readInstanceTypes } = await import("../../agent/index.ts");
  const instanceTypes = readInstanceTypes(env["INSTANCE_TYPE_MAP"]);
  const sharing = new agent.ContentSharing({ modelsRoot, logger });
  const cluster: Cluster = agent.openCluster({
    connection: await connectToCluster(env, flags.kubeconfig),
    version: packageVersion(),
    nodeName,
    namespace: flags.namespace,
    holder: env["POD_NAME"] || env["HOSTNAME"] || nodeName,
    semantics: flags.omeNodeMatch === true ? "ome" : "kubernetes",
    instanceTypes,
    sharing,
    startSpreadMs: flags.startSpread,
    graceMs: flags.nodeChangeGrace,
    progressIntervalMs: flags.progressInterval,
    syncIntervalMs: flags.configMapSyncInterval,
    relistIntervalMs: flags.modelWatchResyncPeriod,
    redact: (text) => session.redactor.redact(text),
    clock,
    random: Math.random,
    logger,
  });
  return {
    modelsRoot,
    source: cluster.source,
    secrets: cluster.secrets,
    publishers: [cluster.publisher],
    host: flags.host ?? allAddresses(),
    instance: instanceOf(env, nodeName),
    sharing,
    pathUser: cluster.pathUser,
    awaitRoot: true,
    onMetrics: cluster.count,
  };
}

/** Both families where there are both. */
function allAddresses(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}

/** The pod, where it is known. On the host's network the host name is the node's, which successive pods have in common. */
function instanceOf(env: Session["context"]["env"], nodeName: string): string | undefined {
  const host = env["HOSTNAME"] === nodeName ? undefined : env["HOSTNAME"];
  return env["POD_UID"] || env["POD_NAME"] || host || undefined;
}

function missing(what: string, hint: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "start the agent",
    target: what,
    detail: "it is not set",
    hint,
  });
}
