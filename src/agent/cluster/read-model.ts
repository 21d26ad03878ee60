import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { filesOnDisk } from "../../delivery/files-on-disk.ts";
import { type StorageError, toStorageError } from "../../errors.ts";
import { type ModelConfiguration, readConfiguration } from "../../models/configuration/read-configuration.ts";
import type { ModelFile } from "../../models/model-directory.ts";
import { metadataDirectoryName } from "../../store/layout.ts";
import { readProof } from "../../store/proof.ts";

/** What a directory tells of the model in it. */
export interface ModelFacts {
  readonly configuration: ModelConfiguration | undefined;
  /** Why there is no configuration; undefined when it was not looked for. */
  readonly failure: StorageError | undefined;
  /** Commit of a Hugging Face repository; empty for everything else. */
  readonly sha: string;
}

/** Files of somebody else's directory that are looked at: a mistaken path could be a whole disk. */
const mostFiles = 100_000;

/** Reads the configuration of a model that is in place, and what its proof says. Never throws. */
export async function readModel(
  directory: string,
  options: { readonly withConfiguration: boolean },
): Promise<ModelFacts> {
  const proof = await readProof(directory).catch(() => undefined);
  const sha = proof?.provider === "huggingface" ? (proof.revision ?? "") : "";
  if (!options.withConfiguration) return { configuration: undefined, failure: undefined, sha };
  try {
    const files = proof?.files ?? (await listFiles(directory));
    const configuration = await readConfiguration(filesOnDisk(directory, files));
    return { configuration, failure: undefined, sha };
  } catch (error) {
    return { configuration: undefined, failure: toStorageError(error, "read the configuration in", directory), sha };
  }
}

async function listFiles(directory: string): Promise<readonly ModelFile[]> {
  const files: ModelFile[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(below, { withFileTypes: true })) {
      const path = join(below, entry.name);
      if (entry.isDirectory() && entry.name !== metadataDirectoryName) await walk(path);
      if (!entry.isFile() || files.length >= mostFiles) continue;
      files.push({ path: relative(directory, path).split(sep).join("/"), size: (await stat(path)).size });
    }
  };
  await walk(directory);
  return files;
}
