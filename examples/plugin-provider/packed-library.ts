import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Writes one packed directory: compressed files and their catalogue. */
export class PackedLibrary {
  readonly directory: string;
  readonly #files = new Map<string, object>();
  #catalogue: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Adds a file, or replaces it. Calls may overlap. */
  async add(path: string, bytes: Uint8Array): Promise<void> {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await writeFile(join(this.directory, `${sha256}.gz`), gzipSync(bytes, { level: 1 }));
    this.#files.set(path, { path, size: bytes.length, sha256, stored: `${sha256}.gz` });
    await this.writeCatalogue();
  }

  writeCatalogue(): Promise<void> {
    this.#catalogue = this.#catalogue.then(() =>
      writeFile(join(this.directory, "packed.json"), JSON.stringify({ files: [...this.#files.values()] })),
    );
    return this.#catalogue;
  }
}
