import type { Manifest } from "../../models/manifest/manifest.ts";
import { parseManifests } from "../../models/manifest/parse-manifests.ts";
import { modelKey } from "../model-identity.ts";
import type { Document, ParsedFile } from "./folder-state.ts";
import { identityOf, type ManifestContext } from "./resolve-wish.ts";

/** A manifest with where it was found. */
export interface FoundManifest extends Document, ManifestContext {
  readonly manifest: Manifest;
}

/** Reads one manifest file for the folder source. */
export function parseManifestFile(text: string, file: string): ParsedFile<FoundManifest> {
  const { manifests, problems } = parseManifests(text, file);
  return {
    documents: manifests.map((manifest) => ({
      key: modelKey(identityOf(manifest)),
      origin: `${file}:${manifest.source?.line ?? 1}`,
      manifest,
    })),
    problems: problems.map(({ line, path, severity, message }) => ({
      file,
      line,
      severity,
      message: path === "" ? message : `${path} ${message}`,
    })),
  };
}
