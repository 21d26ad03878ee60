import type { StorageError } from "../../errors.ts";
import type { ModelIdentity } from "../model-identity.ts";
import type { Document } from "./folder-state.ts";
import type { FoundManifest } from "./parse-manifest-file.ts";

/** A model that names itself and whose wish cannot be read. */
export interface RefusedManifest extends Document {
  readonly identity: ModelIdentity;
  readonly refusal: StorageError;
}

/** A model as its source shows it. */
export type FoundModel = FoundManifest | RefusedManifest;
