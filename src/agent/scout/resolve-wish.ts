import { createHash } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import { StorageError, toStorageError } from "../../errors.ts";
import type { Manifest } from "../../models/manifest/manifest.ts";
import { describeUri } from "../../uri/describe-uri.ts";
import type { ObjectUri } from "../../uri/object-uri.ts";
import { parseUri } from "../../uri/parse-uri.ts";
import { type ModelIdentity, modelKey } from "../model-identity.ts";
import type { ModelWish } from "../model-wish.ts";
import { type DestinationRules, isBelow, resolveDestination } from "./destination.ts";
import type { ManifestContext, RefusedManifest } from "./found-model.ts";
import { shapeSelection } from "./shape-selection.ts";

/** What becomes of a manifest on this machine. */
export type Verdict =
  | { readonly type: "wish"; readonly wish: ModelWish }
  /** Not wanted here; what is on disk stays as it is. */
  | { readonly type: "skip"; readonly reason: string };

/** Label of OME: files stay on the node when the model is deleted. */
const keepFilesLabel = "models.ome/reserve-model-artifact";
/** Whole number; higher goes first. Default 0. */
const priorityAnnotation = "models.ome.io/download-priority";

export function identityOf(manifest: Pick<Manifest, "kind" | "metadata">): ModelIdentity {
  return { kind: manifest.kind, namespace: manifest.metadata.namespace ?? "", name: manifest.metadata.name };
}

/** The wish of a model whose manifest cannot be read: it says why, and what is on disk stays as it is. */
export function refusedWish({ key, identity, origin, refusal }: RefusedManifest): ModelWish {
  return {
    ...{ key, identity, origin, refusal },
    ...{
      mode: "refused",
      storageUri: "",
      displayUri: "",
      path: "",
      root: "",
      parameters: {},
      reuse: false,
      inherited: false,
    },
    ...{ secret: undefined, keepFiles: false, priority: 0, content: "" },
    fingerprint: hash([origin, refusal.message]),
  };
}

/** Reads a manifest as a wish of this machine. What cannot be fulfilled becomes a wish that says why. */
export function resolveWish(
  manifest: Manifest,
  origin: string,
  rules: DestinationRules,
  { shape, inherited = false }: ManifestContext = {},
): Verdict {
  const { spec, metadata } = manifest;
  const { storage } = spec;
  if (spec.disabled === true) return { type: "skip", reason: "spec.disabled is true" };
  const identity = identityOf(manifest);
  const parameters = storage.parameters ?? {};
  const base = {
    key: modelKey(identity),
    identity,
    storageUri: storage.storageUri,
    parameters,
    secret: secretOf(manifest),
    keepFiles: (metadata.labels[keepFilesLabel] ?? "").toLowerCase() === "true",
    priority: priorityOf(metadata.annotations[priorityAnnotation]),
    inherited,
    reuse: storage.downloadPolicy === "ReuseIfExists",
    origin,
  };
  const content = (selection?: object): string =>
    hash([storage.storageUri, sorted(parameters), ...(selection === undefined ? [] : [selection])]);
  let displayUri = "";
  try {
    const uri = parseUri(storage.storageUri);
    displayUri = describeUri(uri);
    if (uri.provider === "pvc") {
      return {
        type: "skip",
        reason: "pvc:// volumes are mounted by the cluster; nothing is to be done on this machine",
      };
    }
    const place = placeOf(uri, storage, rules);
    const selection = shape === undefined ? undefined : shapeSelection(uri, shape, parameters);
    const wish = { ...base, ...place, displayUri, content: content(selection) };
    const fingerprint = hash([wish.content, wish.mode, wish.path, wish.secret ?? "", ...(wish.reuse ? ["reuse"] : [])]);
    return { type: "wish", wish: { ...wish, fingerprint, ...(selection === undefined ? {} : { selection }) } };
  } catch (error) {
    const refusal = toStorageError(error, "read the manifest", origin);
    const path = storage.path ?? "";
    const refused = { mode: "refused", displayUri, path, root: "", refusal, content: content() } as const;
    const fingerprint = hash([refused.content, path, refusal.message]);
    return { type: "wish", wish: { ...base, ...refused, fingerprint } };
  }
}

/** Parameters `mode` of a `local://` source that bring its files elsewhere; without one they are used where they are. */
const bringingModes: readonly (string | undefined)[] = ["copy", "hard-link", "reflink"];

function placeOf(
  uri: ObjectUri,
  { storageUri, path: storagePath, parameters }: Manifest["spec"]["storage"],
  rules: DestinationRules,
): Pick<ModelWish, "mode" | "path" | "root"> {
  if (uri.provider === "vendor") return { mode: "external", path: "", root: "" };
  if (uri.provider !== "local") return { mode: "deliver", ...resolveDestination(storageUri, storagePath, rules) };
  if (bringingModes.includes(parameters?.["mode"])) {
    requireReadable(uri.path, rules);
    return { mode: "deliver", ...resolveDestination(storageUri, storagePath, rules) };
  }
  const path = storagePath === undefined || storagePath === "" ? uri.path : storagePath;
  if (isAbsolute(path)) return { mode: "present", path: resolve(path), root: "" };
  throw new StorageError({
    code: "config_invalid",
    operation: "choose the destination",
    target: storageUri,
    detail: "the path is relative, and the agent has no directory that it would be relative to",
    hint: "Write local:///absolute/path.",
  });
}

/** What the agent may read is more than what a manifest's author may: only what lies beside the models can be brought. */
function requireReadable(path: string, { modelsRoot, allowedPaths }: DestinationRules): void {
  const allowed = [modelsRoot, ...allowedPaths];
  if (isAbsolute(path) && allowed.some((directory) => isBelow(resolve(path), directory))) return;
  throw new StorageError({
    code: "unsafe_path",
    operation: "choose the source",
    target: path,
    detail: `only files below ${allowed.join(" or ")} are brought from this machine`,
    hint: "Allow its parent with --allow-path, or leave the parameter mode out to use it where it is.",
  });
}

function secretOf({ metadata, spec }: Manifest): ModelWish["secret"] {
  const name = spec.storage.key;
  return name === undefined || name === "" ? undefined : { namespace: metadata.namespace ?? "", name };
}

function priorityOf(text: string | undefined): number {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : 0;
}

function sorted(parameters: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(parameters).sort(([left], [right]) => (left < right ? -1 : 1));
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}
