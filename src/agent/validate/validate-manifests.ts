import { type StorageError, toStorageError } from "../../errors.ts";
import type { Manifest } from "../../models/manifest/manifest.ts";
import { type ManifestProblem, parseManifests } from "../../models/manifest/parse-manifests.ts";
import { createProviderRegistry } from "../../storage/provider-registry.ts";
import { validateParameters } from "../../storage/validate-parameters.ts";
import { parseUri } from "../../uri/parse-uri.ts";
import { modelKey } from "../model-identity.ts";
import type { DestinationRules } from "../scout/destination.ts";
import { identityOf, resolveWish } from "../scout/resolve-wish.ts";

/** A file of manifests as it was read. */
export interface ManifestText {
  readonly file: string;
  readonly text: string;
}

export interface ManifestReport {
  readonly models: number;
  /** In the order of files and lines. */
  readonly problems: readonly ManifestProblem[];
}

/** Models root that destinations are judged by when none is given: OME's default. */
export const defaultModelsRoot = "/mnt/models";

/**
 * Judges manifests without network: fields, URIs, parameters, auth types, destinations, two models on one path, secrets in
 * plain text, old spellings. Never throws for what it is given.
 */
export async function validateManifests(
  files: readonly ManifestText[],
  rules: DestinationRules | undefined,
): Promise<ManifestReport> {
  const parsed = files.map(({ file, text }) => parseManifests(text, file));
  const manifests = parsed.flatMap((one) => one.manifests);
  const problems = parsed.flatMap((one) => [...one.problems]);
  const owners = new Map<string, { readonly manifest: Manifest; readonly content: string }>();
  const seen = new Map<string, Manifest>();
  for (const manifest of manifests) {
    problems.push(...(await storageProblems(manifest)), ...destinationProblems(manifest, rules));
    problems.push(...conflicts(manifest, rules, owners, seen));
  }
  const order = new Map(files.map(({ file }, index) => [file, index]));
  problems.sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
  return { models: manifests.length, problems };
}

async function storageProblems(manifest: Manifest): Promise<readonly ManifestProblem[]> {
  const { storageUri, parameters = {}, key } = manifest.spec.storage;
  try {
    const uri = parseUri(storageUri);
    if (uri.provider === "pvc" || uri.provider === "vendor") return [];
    const definition = await createProviderRegistry().providerFor(uri);
    const { own } = validateParameters(definition, parameters);
    const spelled = parameters["auth"];
    let canonical: string;
    try {
      canonical = definition.authType({ uri, parameters: own, secret: {}, env: {} });
    } catch (error) {
      const failure = toStorageError(error, "choose auth type");
      // What the manifest leaves out may come from the Secret, which nobody can look into here.
      const badName = failure.operation === "choose auth type";
      if (key !== undefined && !badName) return [];
      if (badName) return [problem(manifest, "spec.storage.parameters", "error", failure)];
      const { message, ...rest } = problem(manifest, "spec.storage.parameters", "warning", failure);
      return [{ ...rest, message: `${message} It will fail so unless the agent's environment says more.` }];
    }
    return spelled === undefined || spelled === canonical || canonical === "none"
      ? []
      : [
          {
            ...place(manifest, "spec.storage.parameters.auth"),
            severity: "warning",
            message: `"${spelled}" is understood; the present spelling is "${canonical}".`,
          },
        ];
  } catch (error) {
    const failure = toStorageError(error, "read the storage");
    return [
      problem(
        manifest,
        failure.operation === "read parameters" ? "spec.storage.parameters" : "spec.storage.storageUri",
        "error",
        failure,
      ),
    ];
  }
}

function destinationProblems(manifest: Manifest, rules: DestinationRules | undefined): readonly ManifestProblem[] {
  const verdict = resolveWish(manifest, "", rules ?? { modelsRoot: defaultModelsRoot, allowedPaths: ["/"] });
  if (verdict.type === "skip" || verdict.wish.refusal === undefined) return [];
  const { refusal } = verdict.wish;
  if (refusal.operation === "parse storage URI") return [];
  return [problem(manifest, "spec.storage.path", "error", refusal)];
}

function conflicts(
  manifest: Manifest,
  rules: DestinationRules | undefined,
  owners: Map<string, { readonly manifest: Manifest; readonly content: string }>,
  seen: Map<string, Manifest>,
): readonly ManifestProblem[] {
  const found: ManifestProblem[] = [];
  const key = modelKey(identityOf(manifest));
  const twin = seen.get(key);
  if (twin !== undefined) {
    found.push({
      ...place(manifest, "metadata.name"),
      severity: "error",
      message: `The same model stands in ${where(twin)}: remove one of the two.`,
    });
  }
  seen.set(key, manifest);
  const verdict = resolveWish(manifest, "", rules ?? { modelsRoot: defaultModelsRoot, allowedPaths: ["/"] });
  if (verdict.type === "skip" || verdict.wish.mode !== "deliver" || twin !== undefined) return found;
  const { path, content } = verdict.wish;
  const owner = owners.get(path);
  if (owner === undefined) owners.set(path, { manifest, content });
  else if (owner.content !== content) {
    found.push({
      ...place(manifest, "spec.storage.path"),
      severity: "error",
      message: `${path} belongs to ${owner.manifest.metadata.name} (${where(owner.manifest)}) with other content: give each model its own path.`,
    });
  }
  return found;
}

function where({ source, metadata }: Manifest): string {
  return source === undefined ? metadata.name : `${source.file}:${source.line}`;
}

function place(manifest: Manifest, path: string): Pick<ManifestProblem, "file" | "line" | "column" | "path" | "model"> {
  return {
    file: manifest.source?.file ?? "",
    line: manifest.source?.line ?? 1,
    column: 1,
    path,
    model: { kind: manifest.kind, metadata: manifest.metadata },
  };
}

function problem(
  manifest: Manifest,
  path: string,
  severity: ManifestProblem["severity"],
  error: StorageError,
): ManifestProblem {
  const detail = `${error.detail.charAt(0).toUpperCase()}${error.detail.slice(1)}`;
  return { ...place(manifest, path), severity, message: `${detail}. ${error.hint}` };
}
