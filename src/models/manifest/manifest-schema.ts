import { z } from "zod";

/** Group and version that are read. */
export const modelApiVersion = "ome.io/v1beta1";
export const modelKinds = ["BaseModel", "ClusterBaseModel"] as const;

const textMap = z.record(z.string(), z.string());
const texts = z.array(z.string());

const formatSelector = z.strictObject({
  name: z.string().optional(),
  version: z.string().optional(),
  operator: z.string().optional(),
  weight: z.int().optional(),
});

const diffusionComponent = z.strictObject({ library: z.string().optional(), type: z.string().optional() });

const nodeSelectorRequirement = z.strictObject({
  key: z.string(),
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
  values: texts.optional(),
});

const nodeSelectorTerm = z.strictObject({
  matchExpressions: z.array(nodeSelectorRequirement).optional(),
  matchFields: z.array(nodeSelectorRequirement).optional(),
});

/** `spec.storage`. */
export const storageSchema = z.strictObject({
  storageUri: z.string(),
  path: z.string().optional(),
  key: z.string().optional(),
  schemaPath: z.string().optional(),
  parameters: textMap.optional(),
  nodeSelector: textMap.optional(),
  nodeAffinity: z
    .strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .strictObject({ nodeSelectorTerms: z.array(nodeSelectorTerm) })
        .optional(),
      preferredDuringSchedulingIgnoredDuringExecution: z.array(z.unknown()).optional(),
    })
    .optional(),
  downloadPolicy: z.enum(["AlwaysDownload", "ReuseIfExists"]).optional(),
});

const spec = z.strictObject({
  modelFormat: formatSelector.optional(),
  modelFramework: formatSelector.optional(),
  modelType: z.string().optional(),
  modelArchitecture: z.string().optional(),
  modelParameterSize: z.string().optional(),
  quantization: z.string().optional(),
  modelCapabilities: texts.optional(),
  apiCapabilities: texts.optional(),
  modelConfiguration: z.record(z.string(), z.unknown()).optional(),
  diffusionPipeline: z
    .strictObject({
      className: z.string().optional(),
      scheduler: diffusionComponent.optional(),
      textEncoder: diffusionComponent.optional(),
      tokenizer: diffusionComponent.optional(),
      transformer: diffusionComponent.optional(),
      vae: diffusionComponent.optional(),
      additionalComponents: z.record(z.string(), diffusionComponent).optional(),
    })
    .optional(),
  maxTokens: z.int32().optional(),
  storage: storageSchema,
  additionalMetadata: textMap.optional(),
  displayName: z.string().optional(),
  version: z.string().optional(),
  vendor: z.string().optional(),
  compartmentID: z.string().optional(),
  disabled: z.boolean().optional(),
  servingMode: texts.optional(),
});

/** Kubernetes' ObjectMeta; what the API server fills in besides identity is accepted unread. */
export const metadataSchema = z.strictObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  generation: z.int().optional(),
  resourceVersion: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: textMap.optional(),
  annotations: textMap.optional(),
  finalizers: texts.optional(),
  generateName: z.unknown().optional(),
  creationTimestamp: z.unknown().optional(),
  deletionGracePeriodSeconds: z.unknown().optional(),
  ownerReferences: z.unknown().optional(),
  managedFields: z.unknown().optional(),
  selfLink: z.unknown().optional(),
});

/** The resource without judging values; a field that it does not name is an issue `unrecognized_keys`. */
export const manifestSchema = z.strictObject({
  apiVersion: z.literal(modelApiVersion),
  kind: z.enum(modelKinds),
  metadata: metadataSchema,
  spec,
  status: z.unknown().optional(),
});

/** Names that documents use for a field which has another, and that no likeness leads to. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["storageKey", "key"],
  ["secret", "key"],
  ["secretName", "key"],
  ["uri", "storageUri"],
  ["auth_type", "auth"],
]);

/** The field that an unknown name at this place probably means, when the schema has one that it could be. */
export function renamedField(name: string, known: readonly string[]): string | undefined {
  const field = renamed.get(name);
  return field !== undefined && known.includes(field) ? field : undefined;
}

/** Names of the fields at a path; empty where names are free. */
export function fieldNames(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = manifestSchema;
  for (const segment of path) {
    schema = unwrap(schema);
    if (schema instanceof z.ZodObject) schema = (schema.shape as Record<string, unknown>)[String(segment)];
    else if (schema instanceof z.ZodArray) schema = schema.element;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType;
    else return [];
  }
  schema = unwrap(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}
