import { isAbsolute, resolve } from "node:path";
import { StorageError } from "../../errors.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { ObjectName } from "../../kubernetes/reflector.ts";
import { formatPath } from "../../models/manifest/field-problem.ts";
import type { Manifest } from "../../models/manifest/manifest.ts";
import { modelApiVersion } from "../../models/manifest/manifest-schema.ts";
import { readManifest } from "../../models/manifest/read-manifest.ts";
import { type ModelIdentity, type ModelKey, modelKey } from "../model-identity.ts";
import type { NodeChoice, NodeRequirement, NodeSelectorTerm } from "../ome/node-match.ts";
import type { ManifestProblem } from "../scout/manifest-problem.ts";

/** A BaseModel or ClusterBaseModel of the cluster as the agent reads it. */
export interface ModelObject {
  readonly key: ModelKey;
  readonly identity: ModelIdentity;
  /** Name for people, such as `BaseModel default/llama`. */
  readonly origin: string;
  /** Its metadata and spec. */
  readonly object: KubernetesObject;
  /** Undefined when the object cannot be used, for the reason in `refusal`. */
  readonly manifest: Manifest | undefined;
  readonly refusal: StorageError | undefined;
  readonly problems: readonly ManifestProblem[];
  readonly deleting: boolean;
  /** Which nodes it wants; also of an object that cannot be used otherwise. */
  readonly choice: NodeChoice;
  /** `storage.path`, normalised; undefined when there is none. */
  readonly path: string | undefined;
  /** Changes with everything that the agent acts on, and with nothing that the agent or a controller writes. */
  readonly relevance: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Which model an object of one of the two collections is. */
export function identityOf(kind: ModelIdentity["kind"], { metadata }: ObjectName): ModelIdentity {
  return { kind, namespace: kind === "BaseModel" ? (metadata.namespace ?? "") : "", name: metadata.name };
}

/** Reads an object of one of the two collections. Never throws for what it is given. */
export function readModelObject(kind: ModelIdentity["kind"], object: KubernetesObject): ModelObject {
  const { metadata } = object;
  const identity = identityOf(kind, object);
  const origin = `${kind} ${identity.namespace === "" ? "" : `${identity.namespace}/`}${identity.name}`;
  const reading = readManifest({ ...object, apiVersion: modelApiVersion, kind });
  const spec = fieldsOf(object["spec"]);
  const storage = fieldsOf(spec["storage"]);
  const problems = reading.problems.map(({ path, severity, message }) => ({
    file: origin,
    severity,
    message: path.length === 0 ? message : `${formatPath(path)} ${message}`,
  }));
  return {
    key: modelKey(identity),
    identity,
    origin,
    object: essenceOf(object),
    manifest: reading.manifest,
    refusal: reading.manifest === undefined ? refusalOf(origin, problems) : undefined,
    problems,
    deleting: metadata.deletionTimestamp !== undefined,
    choice: choiceOf(storage),
    path: typeof storage["path"] === "string" && storage["path"] !== "" ? normalize(storage["path"]) : undefined,
    relevance: JSON.stringify([
      metadata.uid,
      metadata.labels,
      metadata.annotations,
      storage,
      spec["disabled"],
      fieldsOf(spec["modelFormat"])["name"],
      fieldsOf(spec["additionalMetadata"])["type"],
    ]),
  };
}

/** What the agent reads: the rest, the status and who wrote which field above all, can be far larger. */
function essenceOf({ apiVersion, kind, metadata, spec }: KubernetesObject): KubernetesObject {
  const { name, namespace, uid, resourceVersion, generation, labels, annotations, deletionTimestamp } = metadata;
  const essential = { name, namespace, uid, resourceVersion, generation, labels, annotations, deletionTimestamp };
  return { apiVersion, kind, metadata: essential, spec };
}

/** The path by which the same directory is known to others, however it is written. */
function normalize(path: string): string {
  return isAbsolute(path) ? resolve(path) : path;
}

function refusalOf(origin: string, problems: readonly ManifestProblem[]): StorageError {
  const errors = problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
  return new StorageError({
    code: "config_invalid",
    operation: "read",
    target: origin,
    detail: errors.length === 0 ? "it is no model" : errors.join("; "),
    hint: "Correct the object; the agent looks at it again when it changes.",
  });
}

function choiceOf(storage: Fields): NodeChoice {
  const required = fieldsOf(fieldsOf(storage["nodeAffinity"])["requiredDuringSchedulingIgnoredDuringExecution"]);
  const selector = Object.entries(fieldsOf(storage["nodeSelector"]));
  return {
    nodeSelector: Object.fromEntries(selector.map(([key, value]) => [key, String(value)])),
    requiredTerms: fieldsIn(required["nodeSelectorTerms"]).map(termOf),
  };
}

function termOf(term: Fields): NodeSelectorTerm {
  return {
    matchExpressions: fieldsIn(term["matchExpressions"]).map(requirementOf),
    matchFields: fieldsIn(term["matchFields"]).map(requirementOf),
  };
}

function requirementOf(requirement: Fields): NodeRequirement {
  const values = requirement["values"];
  return {
    key: String(requirement["key"]),
    operator: String(requirement["operator"]),
    values: Array.isArray(values) ? values.map(String) : [],
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function fieldsIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
