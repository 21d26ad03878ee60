import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "../errors.ts";
import type { ModelWish } from "./model-wish.ts";

/** Where the credentials named by `storage.key` come from. Read anew for every attempt, because secrets are rotated. */
export interface SecretSource {
  /** The Secret's entries. Throws `config_invalid` when there is no such Secret. */
  read(secret: NonNullable<ModelWish["secret"]>, signal?: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

/**
 * Secrets as directories of files, one per entry, the way clusters mount them: `<directory>/<namespace>/<name>/<entry>`, or
 * `<directory>/<name>/<entry>`. Without a directory every named Secret is missing.
 */
export function secretFolder(directory: string | undefined): SecretSource {
  return {
    read: async ({ namespace, name }) => {
      if (directory === undefined)
        throw missing(name, "Start the agent with --secrets DIR and put its entries into DIR/<name>/.");
      const places = [...(namespace === "" ? [] : [join(directory, namespace, name)]), join(directory, name)];
      for (const place of places) {
        const entries = await readEntries(place);
        if (entries !== undefined) return entries;
      }
      throw missing(
        name,
        `Put its entries as files into ${join(directory, name)}, such as ${join(directory, name, "token")}.`,
      );
    },
  };
}

async function readEntries(directory: string): Promise<Readonly<Record<string, string>> | undefined> {
  const names = await readdir(directory).catch(() => undefined);
  if (names === undefined) return undefined;
  const entries: Record<string, string> = {};
  for (const name of names) {
    const path = join(directory, name);
    if (name.startsWith(".") || !(await stat(path)).isFile()) continue;
    entries[name] = (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  }
  return Object.keys(entries).length === 0 ? undefined : entries;
}

function missing(name: string, hint: string): StorageError {
  return new StorageError({
    code: "config_invalid",
    operation: "read the secret",
    target: name,
    detail: "the manifest names it in spec.storage.key, and it is not there",
    hint,
  });
}
