import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "../errors.ts";
import type { ClusterConnection } from "./cluster-access.ts";

/** Where a pod finds its service account. Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The cluster that this pod runs in, by its service account; undefined outside of a pod. Token and authority are read for every
 * request, because both are renewed in place.
 */
export function podConnection(
  env: Readonly<Record<string, string | undefined>>,
  directory: string = serviceAccountDirectory,
): ClusterConnection | undefined {
  const host = env["KUBERNETES_SERVICE_HOST"];
  if (host === undefined || host === "") return undefined;
  const port = env["KUBERNETES_SERVICE_PORT"] || "443";
  const scheme = port === "80" || port === "8080" || port === "8001" ? "http" : "https";
  return {
    server: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: undefined,
    access: async () => {
      const [token, ca] = await Promise.all([read(join(directory, "token")), read(join(directory, "ca.crt"))]);
      return { headers: { authorization: `Bearer ${token.trim()}` }, ca, rejectUnauthorized: true };
    },
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new StorageError({
      code: "unauthenticated",
      operation: "read the service account",
      target: path,
      provider: "kubernetes",
      detail: cause instanceof Error ? cause.message : String(cause),
      hint: "Let the pod mount its service account's token (automountServiceAccountToken), or set KUBECONFIG.",
      cause,
    });
  }
}
