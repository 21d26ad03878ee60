import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where servers that were built or installed once are kept between runs: `$XDG_CACHE_HOME/model-agent-test`. */
export async function cacheDirectory(...names: readonly string[]): Promise<string> {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const directory = join(base, "model-agent-test", ...names);
  await mkdir(directory, { recursive: true });
  return directory;
}
