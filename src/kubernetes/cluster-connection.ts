import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { StorageError } from "../errors.ts";
import type { ClusterAccess, ClusterConnection } from "./cluster-access.ts";
import { podConnection } from "./pod-connection.ts";

/**
 * The cluster of a kubeconfig (the given one, `KUBECONFIG`, which may name several files, or `~/.kube/config`), or the one this pod
 * runs in. Throws `config_invalid` when none of them is there.
 */
export async function connectToCluster(
  env: Readonly<Record<string, string | undefined>>,
  kubeconfig?: string,
): Promise<ClusterConnection> {
  const given = kubeconfig ?? env["KUBECONFIG"] ?? "";
  // The library that reads kubeconfigs costs 80 MB of memory and a second, which a pod can do without.
  const pod = given === "" ? podConnection(env) : undefined;
  if (pod !== undefined) return pod;
  const files = given === "" ? await defaultFiles(env) : given.split(delimiter).filter((file) => file !== "");
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    for (const [index, file] of files.entries()) {
      if (index === 0) {
        config.loadFromFile(file);
        continue;
      }
      const more = new KubeConfig();
      more.loadFromFile(file);
      config.mergeConfig(more, true);
    }
  } catch (cause) {
    throw new StorageError({
      code: "config_invalid",
      operation: "read kubeconfig",
      target: files.join(delimiter),
      detail: cause instanceof Error ? cause.message : String(cause),
      hint: "Check that the file exists and is a kubeconfig.",
      cause,
    });
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new StorageError({
      code: "config_invalid",
      operation: "find a cluster",
      detail: "there is neither a kubeconfig nor a service account",
      hint: "Run inside of a pod, set KUBECONFIG, or use --manifests DIR to work without a cluster.",
    });
  }
  const context = config.getContextObject(config.getCurrentContext());
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: context?.namespace,
    access: () => readAccess(config),
  };
}

/** The user's own kubeconfig, if there is one. */
async function defaultFiles(env: Readonly<Record<string, string | undefined>>): Promise<readonly string[]> {
  const file = join(env["HOME"] || homedir(), ".kube", "config");
  return access(file).then(
    () => [file],
    () => [],
  );
}

async function readAccess(config: KubeConfig): Promise<ClusterAccess> {
  const options: Parameters<KubeConfig["applyToHTTPSOptions"]>[0] = {};
  await config.applyToHTTPSOptions(options);
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), String(value)] as const],
    ),
  );
  if (typeof options.auth === "string")
    headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const pem = (value: unknown): string | Buffer | undefined =>
    typeof value === "string" || Buffer.isBuffer(value) ? value : undefined;
  return {
    headers,
    ca: pem(options.ca),
    cert: pem(options.cert),
    key: pem(options.key),
    servername: options.servername,
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  };
}
