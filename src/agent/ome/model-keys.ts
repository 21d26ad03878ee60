import { createHash } from "node:crypto";

/** Which object a key stands for: a ClusterBaseModel has no namespace. */
export interface ModelReference {
  readonly kind: "BaseModel" | "ClusterBaseModel";
  readonly namespace: string;
  readonly name: string;
}

interface Budgets {
  readonly clusterName: number;
  /** Namespace and name of a BaseModel together. */
  readonly both: number;
}

/** A label's name part is limited to 63 bytes by Kubernetes and to 49 by OME, which leaves room for its own prefixes. */
const labelBudgets: Budgets = { clusterName: 32, both: 38 };
/** Keys of a ConfigMap are limited to 253 bytes. */
const configMapBudgets: Budgets = { clusterName: 236, both: 242 };
/** Bytes that remain of a namespace that had to be shortened: its hash. */
const shortNamespace = 8;

const clusterPrefix = "clusterbasemodel.";
const separator = ".basemodel.";

/** The node label that carries a model's state; `InferenceService` controllers select nodes by it. */
export function nodeLabelKey(model: ModelReference): string {
  return `models.ome.io/${compose(model, labelBudgets)}`;
}

/** The key of a model's entry in the node's ConfigMap. */
export function configMapKey(model: ModelReference): string {
  return compose(model, configMapBudgets);
}

/**
 * The object that a ConfigMap key stands for, as OME's controller reads it: the cluster prefix first, then the first separator.
 * Undefined for a key of another kind. Shortened names cannot be undone: they come back as they stand in the key.
 */
export function parseConfigMapKey(key: string): ModelReference | undefined {
  if (key.startsWith(clusterPrefix)) {
    const name = key.slice(clusterPrefix.length);
    return name === "" ? undefined : { kind: "ClusterBaseModel", namespace: "", name };
  }
  const at = key.indexOf(separator);
  if (at <= 0 || at + separator.length === key.length) return undefined;
  return { kind: "BaseModel", namespace: key.slice(0, at), name: key.slice(at + separator.length) };
}

function compose(model: ModelReference, budgets: Budgets): string {
  if (model.kind === "ClusterBaseModel") return clusterPrefix + truncate(model.name, budgets.clusterName);
  const namespaceBytes = Buffer.byteLength(model.namespace);
  if (namespaceBytes + Buffer.byteLength(model.name) <= budgets.both) return model.namespace + separator + model.name;
  if (namespaceBytes <= shortNamespace)
    return model.namespace + separator + truncate(model.name, budgets.both - namespaceBytes);
  return truncate(model.namespace, shortNamespace) + separator + truncate(model.name, budgets.both - shortNamespace);
}

/** Eight digits of the hash, then as much of the end as fits: names differ at their end more often than at their start. */
function truncate(text: string, budget: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= budget) return text;
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  const rest = budget - 9;
  return rest <= 0 ? hash.slice(0, budget) : `${hash}-${bytes.subarray(bytes.length - rest).toString()}`;
}
