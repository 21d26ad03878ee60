import type { EntryArtifact, EntryConfig } from "../ome/model-entry.ts";

export interface ArtifactFacts {
  /** Key of the model's entry. */
  readonly key: string;
  readonly path: string;
  readonly sha: string;
  /** Directory whose files the model shares; undefined when it has its own. */
  readonly target: string | undefined;
  /** Key of the model whose directory that is; undefined when there is no such model any more. */
  readonly targetKey: string | undefined;
  /** Directories that share the model's files. */
  readonly sharers: readonly string[];
  /** What the entry said before. */
  readonly former: EntryConfig["artifact"];
}

/**
 * The bookkeeping of shared content as OME's agent reads it, so that it can take over what this one left. Undefined for a model that OME
 * keeps no such record of: one that is not from Hugging Face and shares nothing.
 */
export function artifactOf(facts: ArtifactFacts): EntryArtifact | undefined {
  const { key, path, sha, target, sharers, former } = facts;
  if (target === undefined) {
    if (sha === "" && sharers.length === 0) return undefined;
    return { sha, parentPath: { [key]: path }, childrenPaths: sharers.length === 0 ? null : sharers };
  }
  const [formerKey] = Object.entries(former?.parentPath ?? {}).find(([, place]) => place === target) ?? [];
  return { sha, parentPath: { [facts.targetKey ?? formerKey ?? key]: target }, childrenPaths: null };
}
