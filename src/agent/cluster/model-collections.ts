import type { ModelIdentity } from "../model-identity.ts";

const api = "/apis/ome.io/v1beta1";

/** Paths of the collections over all namespaces. */
export const modelCollections: Readonly<Record<ModelIdentity["kind"], string>> = {
  BaseModel: `${api}/basemodels`,
  ClusterBaseModel: `${api}/clusterbasemodels`,
};

/** Path of one model's object. */
export function modelPath({ kind, namespace, name }: ModelIdentity): string {
  return kind === "ClusterBaseModel"
    ? `${modelCollections.ClusterBaseModel}/${name}`
    : `${api}/namespaces/${namespace}/basemodels/${name}`;
}
