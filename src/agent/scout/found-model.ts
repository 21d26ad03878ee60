import type { StorageError } from "../../errors.ts";
import type { Manifest } from "../../models/manifest/manifest.ts";
import type { ModelIdentity } from "../model-identity.ts";
import type { Document } from "./folder-state.ts";

/** What a source knows of a model beside its manifest. */
export interface ManifestContext {
  /** The accelerator of this machine, for a model that has files for several: only those in a folder of this name are wanted. */
  readonly shape?: string | undefined;
  /** See `ModelWish.inherited`. */
  readonly inherited?: boolean | undefined;
}

/** A manifest with where it was found. */
export interface FoundManifest extends Document, ManifestContext {
  readonly manifest: Manifest;
}

/** A model that names itself and whose wish cannot be read. */
export interface RefusedManifest extends Document {
  readonly identity: ModelIdentity;
  readonly refusal: StorageError;
}

/** A model as its source shows it. */
export type FoundModel = FoundManifest | RefusedManifest;
