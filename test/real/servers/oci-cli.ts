import { existsSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "../../support/run-tool.ts";
import { cacheDirectory } from "./cache-directory.ts";
import { install } from "./install.ts";

/**
 * Path of Oracle's command line, from PATH, the cache, or pip. Throws `Unavailable` when it cannot be had in `limitMs`
 * milliseconds.
 */
export async function findOciCli(limitMs: number): Promise<string> {
  const found = findTool("oci");
  if (found !== undefined) return found;
  const environment = await cacheDirectory("oci-cli");
  const cached = join(environment, "bin", "oci");
  if (existsSync(cached)) return cached;
  const deadline = Date.now() + limitMs;
  await install("oci-cli", { command: "python3", args: ["-m", "venv", environment] }, limitMs);
  const pip = ["-m", "pip", "install", "--quiet", "oci-cli"];
  await install("oci-cli", { command: join(environment, "bin", "python"), args: pip }, deadline - Date.now());
  return cached;
}
