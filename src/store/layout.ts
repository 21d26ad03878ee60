import { join } from "node:path";

/** Directory below every destination and below the models root that belongs to this project alone. */
export const metadataDirectoryName = ".model-agent";

/** Absolute paths of what this project keeps beside a model's files. */
export interface Layout {
  readonly metadata: string;
  /** Proof of the finished model. */
  readonly proof: string;
  /** Who is writing here; only while someone is. */
  readonly lease: string;
  /** Unfinished files and the engine's journal. */
  readonly staging: string;
  /** What was published since the last proof; only while a delivery is unfinished. */
  readonly publications: string;
  /** The former proof of a model that is being removed. */
  readonly removal: string;
}

/** Where things lie below a destination or a models root, both absolute. */
export function layoutOf(directory: string): Layout {
  return layoutIn(join(directory, metadataDirectoryName));
}

/** Where things lie in a metadata directory. */
export function layoutIn(metadata: string): Layout {
  return {
    metadata,
    proof: join(metadata, "proof.json"),
    lease: join(metadata, "lease.json"),
    staging: join(metadata, "staging"),
    publications: join(metadata, "publications.jsonl"),
    removal: join(metadata, "removal.json"),
  };
}
