import { isStorageError, StorageError } from "../../errors.ts";
import type { ApiClient } from "../../kubernetes/api-client.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { SecretSource } from "../secret-source.ts";

export interface ClusterSecretsOptions {
  readonly client: ApiClient;
  /** Namespace of the Secrets of cluster-wide models. */
  readonly namespace: string;
}

/** Secrets of the cluster, read one by one when they are needed and kept nowhere. */
export function clusterSecrets({ client, namespace: clusterWide }: ClusterSecretsOptions): SecretSource {
  return {
    read: async (secret, signal) => {
      const namespace = secret.namespace === "" ? clusterWide : secret.namespace;
      const path = `/api/v1/namespaces/${namespace}/secrets/${secret.name}`;
      try {
        const object = await client.send<KubernetesObject>({ method: "GET", path, signal });
        const data = (object["data"] ?? {}) as Readonly<Record<string, string>>;
        return Object.fromEntries(
          Object.entries(data).map(([name, value]) => [name, Buffer.from(value, "base64").toString("utf8")]),
        );
      } catch (error) {
        throw explain(error, `${namespace}/${secret.name}`, namespace);
      }
    },
  };
}

function explain(error: unknown, target: string, namespace: string): unknown {
  if (!isStorageError(error)) return error;
  const common = { operation: "read the Secret", target, provider: "kubernetes", cause: error } as const;
  if (error.httpStatus === 404) {
    return new StorageError({
      ...common,
      code: "config_invalid",
      detail: "the model names it in spec.storage.key, and there is no such Secret",
      hint: `Create it in the namespace ${namespace}, or correct spec.storage.key.`,
    });
  }
  if (error.httpStatus === 403) {
    return new StorageError({
      ...common,
      code: "permission_denied",
      detail: error.detail,
      hint: `Grant the agent's service account "get" on secrets in the namespace ${namespace}.`,
    });
  }
  return error.with({ operation: common.operation, target });
}
