import type { KubeConfig } from "@kubernetes/client-node";
import { StorageError } from "../errors.ts";

/** TLS and credentials for one request; files and exec plug-ins are read again when they have changed. */
export interface ClusterAccess {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  /** False only where the kubeconfig says `insecure-skip-tls-verify`. */
  readonly rejectUnauthorized: boolean;
}

/** One cluster and how to log in to it. */
export interface ClusterConnection {
  /** Base URL of the API server without a trailing slash. */
  readonly server: string;
  /** Namespace of the service account or the context; undefined when none is set. */
  readonly namespace: string | undefined;
  /** Called before every request, so that rotated tokens take effect at once. */
  access(): Promise<ClusterAccess>;
}

/**
 * The cluster of `KUBECONFIG`, of `~/.kube/config`, or the one this pod runs in, in the order that every Kubernetes client has. Throws
 * `config_invalid` when none of them is there.
 */
export async function connectToCluster(env: NodeJS.ProcessEnv, kubeconfig?: string): Promise<ClusterConnection> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    load(config, env, kubeconfig);
  } catch (cause) {
    throw new StorageError({
      code: "config_invalid",
      operation: "read kubeconfig",
      target: kubeconfig ?? env["KUBECONFIG"],
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

function load(config: KubeConfig, env: NodeJS.ProcessEnv, kubeconfig: string | undefined): void {
  const file = kubeconfig ?? env["KUBECONFIG"];
  if (file !== undefined && file !== "") config.loadFromFile(file);
  else if (env["KUBERNETES_SERVICE_HOST"] !== undefined) config.loadFromCluster();
  else config.loadFromDefault();
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
