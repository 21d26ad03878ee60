/** Metadata that every object of the API has, as far as this project reads it. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  /** Opaque: compared for equality only. */
  readonly resourceVersion?: string | undefined;
  readonly generation?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly deletionTimestamp?: string | undefined;
  readonly continue?: string | undefined;
}

/** An object of the API. */
export interface KubernetesObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** `namespace/name`, or the name alone for cluster-scoped objects: unique within one list. */
export function objectKey(object: Pick<KubernetesObject, "metadata">): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
