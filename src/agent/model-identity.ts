/** Which custom resource a model is. */
export interface ModelIdentity {
  readonly kind: "BaseModel" | "ClusterBaseModel";
  /** Empty for a ClusterBaseModel. */
  readonly namespace: string;
  readonly name: string;
}

/** One string per model: `clusterbasemodel/<name>` or `basemodel/<namespace>/<name>`. */
export type ModelKey = string;

export function modelKey(identity: ModelIdentity): ModelKey {
  return identity.kind === "ClusterBaseModel"
    ? `clusterbasemodel/${identity.name}`
    : `basemodel/${identity.namespace}/${identity.name}`;
}
