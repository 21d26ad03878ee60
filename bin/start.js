import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

// Node's compile cache halves the start. It is code that is run, so it lies in the user's own cache directory, and not in the shared
// temporary one that Node would take. Worker threads learn of it by the variable.
if (!process.env["NODE_COMPILE_CACHE"]) {
  const directory = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "model-agent", "compile");
  process.env["NODE_COMPILE_CACHE"] = directory;
  enableCompileCache(directory);
}

await import("../dist/cli/main.js");
