/**
 * What a `BaseModel` or `ClusterBaseModel` (ome.io/v1beta1) says. Field names are the custom resource's own; where a
 * comment says nothing else, the agent passes the field on and does not act on it.
 */
export interface Manifest {
  readonly kind: ModelKind;
  readonly metadata: ManifestMetadata;
  readonly spec: ModelSpec;
  /** File and line of its first character; undefined for an object of the Kubernetes API. */
  readonly source?: ManifestSource | undefined;
}

export type ModelKind = "BaseModel" | "ClusterBaseModel";

export interface ManifestSource {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface ManifestMetadata {
  readonly name: string;
  /** Always set for a BaseModel (`default` when the YAML names none), never for a ClusterBaseModel. */
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly generation?: number | undefined;
  readonly resourceVersion?: string | undefined;
  /** Set while the object is being deleted. RFC 3339. */
  readonly deletionTimestamp?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
}

export interface ModelSpec {
  readonly modelFormat?: FormatSelector | undefined;
  readonly modelFramework?: FormatSelector | undefined;
  readonly modelType?: string | undefined;
  readonly modelArchitecture?: string | undefined;
  readonly modelParameterSize?: string | undefined;
  /** `fp8`, `fbgemm_fp8`, `int4`; newer versions of the resource know more. */
  readonly quantization?: string | undefined;
  readonly modelCapabilities?: readonly string[] | undefined;
  readonly apiCapabilities?: readonly string[] | undefined;
  readonly modelConfiguration?: Readonly<Record<string, unknown>> | undefined;
  readonly diffusionPipeline?: DiffusionPipeline | undefined;
  readonly maxTokens?: number | undefined;
  readonly storage: StorageSpec;
  /** `type` says how the model is used; `Serving` when absent. */
  readonly additionalMetadata?: Readonly<Record<string, string>> | undefined;
  readonly displayName?: string | undefined;
  readonly version?: string | undefined;
  readonly vendor?: string | undefined;
  readonly compartmentID?: string | undefined;
  /** A disabled model is not downloaded. */
  readonly disabled?: boolean | undefined;
  readonly servingMode?: readonly string[] | undefined;
}

export interface FormatSelector {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly operator?: string | undefined;
  readonly weight?: number | undefined;
}

export interface DiffusionPipeline {
  readonly className?: string | undefined;
  readonly scheduler?: DiffusionComponent | undefined;
  readonly textEncoder?: DiffusionComponent | undefined;
  readonly tokenizer?: DiffusionComponent | undefined;
  readonly transformer?: DiffusionComponent | undefined;
  readonly vae?: DiffusionComponent | undefined;
  readonly additionalComponents?: Readonly<Record<string, DiffusionComponent>> | undefined;
}

export interface DiffusionComponent {
  readonly library?: string | undefined;
  readonly type?: string | undefined;
}

export interface StorageSpec {
  /** Where the model is (docs/uris.md); known to be a storage URI. */
  readonly storageUri: string;
  /** Absolute directory on the node; absent or empty means a directory below the models root. */
  readonly path?: string | undefined;
  /** Name of the Secret with the credentials. */
  readonly key?: string | undefined;
  readonly schemaPath?: string | undefined;
  /** Parameters of the provider, and `include`, `exclude`, `weights`. May hold secrets. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly nodeAffinity?: NodeAffinity | undefined;
  /** `AlwaysDownload` when absent. */
  readonly downloadPolicy?: "AlwaysDownload" | "ReuseIfExists" | undefined;
}

/** core/v1 NodeAffinity; preferences do not keep a model from a node and are not read. */
export interface NodeAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?:
    | { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
    | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly unknown[] | undefined;
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[] | undefined;
  readonly matchFields?: readonly NodeSelectorRequirement[] | undefined;
}

export interface NodeSelectorRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values?: readonly string[] | undefined;
}
