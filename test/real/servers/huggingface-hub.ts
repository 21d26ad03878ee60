import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./cache-directory.ts";
import { install } from "./install.ts";

/**
 * A Python that has Hugging Face's own client, from the cache or by pip. Throws `Unavailable` when it cannot be had in `limitMs`
 * milliseconds.
 */
export async function findHuggingFaceHub(limitMs: number): Promise<string> {
  const environment = await cacheDirectory("huggingface-hub");
  const python = join(environment, "bin", "python");
  if (existsSync(join(environment, "bin", "hf"))) return python;
  const deadline = Date.now() + limitMs;
  await install("huggingface_hub", { command: "python3", args: ["-m", "venv", environment] }, limitMs);
  const pip = ["-m", "pip", "install", "--quiet", "huggingface_hub"];
  await install("huggingface_hub", { command: python, args: pip }, deadline - Date.now());
  return python;
}
