import { lstat, realpath, stat } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { isStorageError } from "../../../errors.ts";
import { localError, onDisk } from "./errors.ts";

/**
 * The directory that a local storage is confined to. A path is proven to lie inside twice: as text, before any access,
 * and as what its symbolic links lead to.
 */
export class LocalRoot {
  /** Absolute, as text. */
  readonly directory: string;
  readonly #followOut: boolean;
  readonly #within: readonly string[] | undefined;
  readonly #workingDirectory: string;

  constructor(
    directory: string,
    options: {
      /** Links may lead out of the directory. */
      readonly followOut: boolean;
      /** Absolute directories out of which they may not lead either. */
      readonly within?: readonly string[] | undefined;
      readonly workingDirectory: string;
    },
  ) {
    this.#workingDirectory = options.workingDirectory;
    this.#followOut = options.followOut;
    this.#within = options.within;
    this.directory = resolve(options.workingDirectory, directory);
  }

  /** The absolute path of a key. Throws `unsafe_path` when it lies outside, `config_invalid` for a NUL. */
  pathOf(operation: string, key: string): string {
    if (key.includes("\0")) {
      throw localError("config_invalid", operation, JSON.stringify(key), "the path holds a NUL", "Correct the path.");
    }
    const path = resolve(this.#workingDirectory, key === "" ? "." : key);
    if (isWithin(this.directory, path)) return path;
    const hint = "Open a client for that directory.";
    throw localError("unsafe_path", operation, key, `it lies outside of ${this.directory}`, hint);
  }

  /** What a path leads to, symbolic links resolved. Throws `not_found`, or `unsafe_path` when a link leads out. */
  async resolveLinks(operation: string, path: string): Promise<string> {
    const real = await onDisk(operation, path, () => realpath(path));
    await this.#requireWithin(operation, path, real);
    if (this.#followOut || isWithin(await this.#realDirectory(operation), real)) return real;
    const hint = "Copy the files there, or set parameters.symlinks to follow.";
    throw localError("unsafe_path", operation, path, `a symbolic link leads out of ${this.directory}`, hint);
  }

  /** Proves that a path to be created lies inside, by the nearest of its directories that exists. */
  async checkNew(operation: string, path: string): Promise<void> {
    for (let directory = dirname(path); isWithin(this.directory, directory); directory = dirname(directory)) {
      try {
        await onDisk(operation, directory, () => lstat(directory));
      } catch (error) {
        if (isStorageError(error) && error.code === "not_found") continue;
        throw error;
      }
      const real = await this.resolveLinks(operation, directory);
      if ((await onDisk(operation, directory, () => stat(real))).isDirectory()) return;
      const hint = "Choose another name, or delete that file.";
      throw localError("config_invalid", operation, path, `${directory} is a file, not a directory`, hint);
    }
  }

  async #requireWithin(operation: string, path: string, real: string): Promise<void> {
    if (this.#within === undefined) return;
    for (const directory of this.#within) {
      if (isWithin(await onDisk(operation, directory, () => realpath(directory)), real)) return;
    }
    const detail = `a symbolic link leads out of ${this.#within.join(" and ")}`;
    throw localError("unsafe_path", operation, path, detail, "Copy the files there, or allow where it leads to.");
  }

  #realDirectory(operation: string): Promise<string> {
    return onDisk(operation, this.directory, () => realpath(this.directory));
  }
}

/** True when `path` is the directory itself or lies below it; both absolute and normalised. */
export function isWithin(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
