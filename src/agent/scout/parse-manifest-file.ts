import { parseManifests } from "../../models/manifest/parse-manifests.ts";
import { modelKey } from "../model-identity.ts";
import type { ParsedFile } from "./folder-state.ts";
import type { FoundManifest } from "./found-model.ts";
import { identityOf } from "./resolve-wish.ts";

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
