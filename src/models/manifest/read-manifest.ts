import type { z } from "zod";
import { nearestName } from "../../uri/nearest-name.ts";
import { checkMetadata, checkStorage, isSecretParameter } from "./check-values.ts";
import { describeIssue } from "./describe-issue.ts";
import type { FieldProblem } from "./field-problem.ts";
import type { Manifest, ManifestMetadata, ModelKind, StorageSpec } from "./manifest.ts";
import {
  fieldNames,
  manifestSchema,
  metadataSchema,
  modelApiVersion,
  modelKinds,
  renamedField,
  storageSchema,
} from "./manifest-schema.ts";

export interface ReadManifestOptions {
  /** Schemes of registered plug-in providers. */
  readonly pluginSchemes?: ReadonlySet<string> | undefined;
  /** How a value was written, for messages; what `1.0` was before it became the number 1. */
  readonly written?: ((path: readonly (string | number)[]) => string | undefined) | undefined;
}

export interface ManifestReading {
  /** Undefined when one of the problems is an error. */
  readonly manifest: Manifest | undefined;
  /** Which object this is, also when its spec cannot be used; undefined when not even that can be read. */
  readonly identity: ManifestIdentity | undefined;
  readonly problems: readonly FieldProblem[];
}

export interface ManifestIdentity {
  readonly kind: ModelKind;
  readonly metadata: ManifestMetadata;
}

/** Deeper nesting than any resource has; YAML's aliases can make an object that contains itself. */
const deepest = 64;

/**
 * Reads one BaseModel or ClusterBaseModel, as it comes from the Kubernetes API or from YAML. Never throws for what it is
 * given. Fields that are not known are left out with a warning, because the resource evolves; `null` counts as absent.
 */
export function readManifest(object: unknown, options: ReadManifestOptions = {}): ManifestReading {
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    return failed([problem([], "error", "value", "is not an object with apiVersion, kind, metadata and spec")]);
  }
  let given: unknown;
  try {
    given = withoutNulls(object, []);
  } catch (failure) {
    return failed([problem([], "error", "value", (failure as Error).message)]);
  }
  const problems: FieldProblem[] = [];
  const parsed = parseTolerantly(given, problems, options);
  const identity = parsed === undefined ? readIdentity(given) : { kind: parsed.kind, metadata: metadataOf(parsed) };
  if (identity !== undefined) problems.push(...checkMetadata(identity.kind, identity.metadata));
  if (parsed !== undefined && parsed.kind === "ClusterBaseModel" && parsed.metadata.namespace !== undefined) {
    problems.push(
      problem(["metadata", "namespace"], "warning", "name", "is ignored: a ClusterBaseModel belongs to no namespace"),
    );
  }
  problems.push(...checkStorage(storageFields(given), options.pluginSchemes));
  const usable = parsed !== undefined && identity !== undefined && !problems.some((one) => one.severity === "error");
  return { manifest: usable ? { ...identity, spec: parsed.spec } : undefined, identity, problems };
}

type Parsed = z.output<typeof manifestSchema>;

/** Parses, takes unknown fields out with a warning each, and parses again. */
function parseTolerantly(given: unknown, problems: FieldProblem[], options: ReadManifestOptions): Parsed | undefined {
  let result = manifestSchema.safeParse(given);
  if (result.success) return result.data;
  let unknown = false;
  for (const issue of result.error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const path = issue.path.map(segment);
    const holder = valueAt(given, path) as Record<string, unknown>;
    for (const name of issue.keys) {
      problems.push(unknownField([...path, name], name, fieldNames(path)));
      delete holder[name];
      unknown = true;
    }
  }
  if (unknown) result = manifestSchema.safeParse(given);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const path = issue.path.map(segment);
    const value = valueAt(given, path);
    const secret = path.at(-2) === "parameters" && isSecretParameter(String(path.at(-1)));
    problems.push(problem(path, "error", "value", describeIssue(issue, value, options.written?.(path), secret)));
  }
  return undefined;
}

function unknownField(path: readonly (string | number)[], name: string, known: readonly string[]): FieldProblem {
  const meant = renamedField(name, known) ?? nearestName(name, known);
  const hint = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean "${meant}"?`;
  return problem(path, "warning", "name", `is not known and is ignored; ${hint}`);
}

/** Who the object is, from as much of it as can be used. */
function readIdentity(given: unknown): ManifestIdentity | undefined {
  const kind = modelKinds.find((name) => name === valueAt(given, ["kind"]));
  const name = valueAt(given, ["metadata", "name"]);
  if (kind === undefined || typeof name !== "string") return undefined;
  const usable = Object.entries(metadataSchema.shape).flatMap(([field, schema]) => {
    const parsed = schema.safeParse(valueAt(given, ["metadata", field]));
    return parsed.success && parsed.data !== undefined ? [[field, parsed.data]] : [];
  });
  return { kind, metadata: metadataOf({ kind, metadata: { ...Object.fromEntries(usable), name } }) };
}

/** The fields of storage that can be judged, so that one reading tells every problem. */
function storageFields(given: unknown): Partial<StorageSpec> {
  const fields = valueAt(given, ["spec", "storage"]);
  if (typeof fields !== "object" || fields === null) return {};
  const usable = Object.entries(storageSchema.shape).flatMap(([name, schema]) => {
    const parsed = schema.safeParse((fields as Record<string, unknown>)[name]);
    return parsed.success && parsed.data !== undefined ? [[name, parsed.data]] : [];
  });
  return Object.fromEntries(usable);
}

function metadataOf({ kind, metadata }: Pick<Parsed, "kind" | "metadata">): ManifestMetadata {
  const { name, namespace, uid, generation, resourceVersion, deletionTimestamp } = metadata;
  return {
    name,
    ...(kind === "BaseModel" ? { namespace: namespace ?? "default" } : {}),
    ...(uid === undefined ? {} : { uid }),
    ...(generation === undefined ? {} : { generation }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    finalizers: metadata.finalizers ?? [],
  };
}

/** A copy in which `null` is absent, as Kubernetes reads it; a model's own configuration keeps its nulls. */
function withoutNulls(value: unknown, path: readonly string[]): unknown {
  if (path.length > deepest) throw new Error("is nested too deeply, or contains itself");
  if (typeof value !== "object" || value === null) return value;
  if (path.length === 2 && path[0] === "spec" && path[1] === "modelConfiguration") return value;
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, [...path, "[]"]));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null && field !== undefined)
      .map(([name, field]) => [name, withoutNulls(field, [...path, name])]),
  );
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let current = value;
  for (const name of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[name];
  }
  return current;
}

function segment(key: PropertyKey): string | number {
  return typeof key === "number" ? key : String(key);
}

function problem(
  path: readonly (string | number)[],
  severity: FieldProblem["severity"],
  about: FieldProblem["about"],
  message: string,
): FieldProblem {
  return { path, severity, about, message };
}

function failed(problems: readonly FieldProblem[]): ManifestReading {
  return { manifest: undefined, identity: undefined, problems };
}

/** Whether an object says that it is a model in some version of the resource, or means to. */
export function meansModel(object: unknown): boolean {
  const { apiVersion, kind } = (object ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (typeof kind !== "string") return apiVersion === modelApiVersion || apiVersion === undefined;
  const isModel = modelKinds.some((name) => name === kind);
  const ours = typeof apiVersion === "string" && apiVersion.startsWith("ome.io/");
  return isModel || ((ours || apiVersion === undefined) && nearestName(kind, modelKinds) !== undefined);
}
