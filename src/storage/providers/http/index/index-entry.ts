import type { Digest } from "../../../digest.ts";

/** What a directory's index says about one name in it. */
export interface IndexEntry {
  /** Decoded; one segment without slashes. */
  readonly name: string;
  readonly directory: boolean;
  /** Exact bytes; undefined where the index rounds or tells none. */
  readonly size: number | undefined;
}

/** One file of an explicit file list. */
export interface ListedFile {
  /** Decoded path below the directory. */
  readonly path: string;
  readonly size: number;
  readonly digests: readonly Digest[];
}
