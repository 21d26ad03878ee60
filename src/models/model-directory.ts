/** One file of a model on disk. */
export interface ModelFile {
  /** Path below the model's directory, separated by `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** What this room needs of a model's directory; `delivery` and the agent hand in one over the real disk. */
export interface ModelDirectory {
  /** Every file, the project's own state left out. Symbolic links to directories are not followed. */
  list(): Promise<readonly ModelFile[]>;
  /** Exactly `length` bytes from `offset` on, fewer only at the end of the file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array>;
}
